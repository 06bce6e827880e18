//! The assistant: an answer is a topic, and the model is asked once.

mod common;

use std::time::Duration;

use common::endpoint::{Endpoint, Reply};
use common::{Answer, Event, Server};
use demo_contract::assistant::{FinishReason, Finished, Token};
use server::Config;
use server::config::AssistantConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const QUESTION: &str = r#"{"messages":[{"role":"user","content":"Why is the sky blue?"}]}"#;
const KEY: &str = "sk-a-key-that-nobody-may-see-0123456789";

/// A server that asks `endpoint`.
async fn asking(endpoint: &Endpoint) -> Server {
    let assistant = AssistantConfig {
        url: Some(format!("http://{}/v1", endpoint.address).parse().expect("a URL")),
        key: Some(KEY.parse().expect("a key")),
        model: Some("test-model".into()),
        ..AssistantConfig::default()
    };
    Server::start(Config { assistant, ..Config::default() }).await
}

async fn built_in(pace: f64) -> Server {
    let assistant = AssistantConfig { pace, ..AssistantConfig::default() };
    Server::start(Config { assistant, seed: Some(1), ..Config::default() }).await
}

async fn ask(server: &Server) -> Answer {
    server.open("POST", "/api/assistant", &[("Content-Type", "application/json")], QUESTION.as_bytes()).await
}

/// Reads the first event and gives the path of the answer.
async fn path(stream: &mut Answer) -> (Event, String) {
    let first = stream.event().await.expect("the first event");
    assert_eq!(first.event, "answer");
    let answer: demo_contract::assistant::Answer = serde_json::from_str(&first.data).expect("an answer");
    assert_eq!(answer.answer.len(), 32);
    (first, demo_contract::assistant::route(&answer.answer))
}

/// The text up to the end, and the event before `sse.end`.
async fn rest(stream: &mut Answer) -> (String, Event) {
    let (mut text, mut last) = (String::new(), Event::default());
    while let Some(event) = stream.event().await {
        match event.event.as_str() {
            "token" => text += &serde_json::from_str::<Token>(&event.data).expect("a token").text,
            "sse.end" => {
                assert!(stream.event().await.is_none(), "nothing comes after the end");
                return (text, last);
            }
            _ => last = event,
        }
    }
    panic!("the stream has ended without saying so, after {text:?}");
}

fn reason(event: &Event) -> FinishReason {
    assert_eq!(event.event, "finished", "{}", event.data);
    serde_json::from_str::<Finished>(&event.data).expect("an end").reason
}

fn failure(event: &Event) -> String {
    assert_eq!(event.event, "failed", "{}", event.data);
    serde_json::from_str::<demo_contract::assistant::Failed>(&event.data).expect("a failure").detail
}

#[tokio::test]
async fn an_answer_streams_to_its_end_and_two_listeners_are_one_call() {
    let endpoint = Endpoint::start().await;
    let server = asking(&endpoint).await;
    let (mut first, call) = tokio::join!(ask(&server), async {
        let mut call = endpoint.call().await;
        call.begin(Reply::Stream).await;
        call.tokens(&["The sky ", "is 蓝色的"]).await;
        call
    });
    let mut call = call;
    assert_eq!((first.status, first.header("content-type")), (200, "text/event-stream"));
    assert_eq!(call.path, "/v1/chat/completions");
    assert_eq!(call.header("authorization"), format!("Bearer {KEY}"));
    let asked: serde_json::Value = serde_json::from_slice(&call.body).expect("JSON");
    assert_eq!(asked["model"], "test-model");
    assert_eq!(asked["stream"], true);
    assert_eq!(asked["messages"][0]["content"], "Why is the sky blue?");

    let (_, path) = path(&mut first).await;
    let half = first.event().await.expect("a token");
    // A second device joins from the beginning, a third where the first one was, in the middle of the sentence.
    let mut second = server.stream(&path, None).await;
    let mut third = server.stream(&path, Some(&half.id)).await;
    let begins = second.event().await.expect("the beginning");
    assert_eq!(begins.event, "answer");
    let begins: demo_contract::assistant::Answer = serde_json::from_str(&begins.data).expect("an answer");
    assert_eq!(begins.question, "Why is the sky blue?");
    call.tokens(&[" because of ", "Rayleigh.\n\n\u{1f44b}"]).await;
    call.done().await;
    let tail = "is 蓝色的 because of Rayleigh.\n\n\u{1f44b}";
    for (stream, expected) in [
        (&mut first, tail.to_owned()),
        (&mut second, format!("The sky {tail}")),
        (&mut third, tail.to_owned()),
    ] {
        let (text, last) = rest(stream).await;
        assert_eq!((text, reason(&last)), (expected, FinishReason::Complete));
    }
    // It can be read again, and who has all of it is sent away.
    let mut late = server.stream(&path, None).await;
    let mut last = Event::default();
    while let Some(event) = late.event().await {
        if event.event != "sse.end" {
            last = event;
        }
    }
    assert_eq!(server.stream(&path, Some(&last.id)).await.status, 204);
    assert_eq!(endpoint.calls(), 1, "the model was asked once");
}

#[tokio::test]
async fn a_question_whose_answer_cannot_begin_is_refused_before_the_model_is_asked() {
    let endpoint = Endpoint::start().await;
    let server = asking(&endpoint).await;
    // Few enough characters, each of which takes six bytes of the first event.
    let long = "\u{1}".repeat(12_000);
    let question =
        serde_json::json!({ "client_id": "q-1", "messages": [{ "role": "user", "content": long }] });
    let question = question.to_string();
    let topics = server.metric("sse_topics").await;
    for _ in 0..2 {
        let refused = tokio::select! {
            refused = server.post_json("/api/assistant", &question) => refused,
            _ = endpoint.call() => panic!("the model is asked"),
        };
        assert_eq!(refused.problem().status, 413);
    }
    assert_eq!((endpoint.calls(), server.metric("sse_topics").await), (0, topics));
}

#[tokio::test]
async fn a_question_that_the_model_does_not_answer_leaves_nothing() {
    let endpoint = Endpoint::start().await;
    let server = asking(&endpoint).await;
    let topics = server.metric("sse_topics").await;
    let (refused, ()) = tokio::join!(ask(&server), async {
        let refusal = Reply::Refusal { status: "503 Service Unavailable", headers: "", body: "" };
        endpoint.call().await.begin(refusal).await;
    });
    assert_eq!((refused.status, server.metric("sse_topics").await), (503, topics));
    // And of one that is dropped with its request.
    let mut call = tokio::select! {
        _ = ask(&server) => panic!("nobody has answered"),
        call = endpoint.call() => call,
    };
    call.hung_up().await;
    assert_eq!(server.metric("sse_topics").await, topics);
}

#[tokio::test]
async fn a_question_that_is_sent_again_with_a_cursor_goes_on_behind_it() {
    let endpoint = Endpoint::start().await;
    let server = asking(&endpoint).await;
    let ask = async |client_id: &str, last_event_id: Option<&str>| {
        let question =
            format!(r#"{{"client_id":"{client_id}","messages":[{{"role":"user","content":"why?"}}]}}"#);
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(last_event_id.map(|id| ("Last-Event-ID", id)));
        server.open("POST", "/api/assistant", &headers, question.as_bytes()).await
    };
    let (mut first, mut call) = tokio::join!(ask("q-1", None), async {
        let mut call = endpoint.call().await;
        call.begin(Reply::Stream).await;
        call.tokens(&["Be"]).await;
        call
    });
    let path_of_first = path(&mut first).await.1;
    let half = first.event_of("token").await;
    drop(first);

    // The client's own retry, in the middle of the sentence.
    let mut again = ask("q-1", Some(&half.id)).await;
    assert_eq!(again.status, 200);
    call.tokens(&["cause."]).await;
    call.done().await;
    let (text, last) = rest(&mut again).await;
    assert_eq!((text.as_str(), reason(&last)), ("cause.", FinishReason::Complete));
    // Who has all of it is sent away, as from the answer itself.
    assert_eq!(server.stream(&path_of_first, Some(&last.id)).await.status, 204);
    assert_eq!(ask("q-1", Some(&last.id)).await.status, 204);
    assert_eq!(endpoint.calls(), 1, "the model was asked once");

    // A cursor of something else leaves nothing out of an answer that begins now.
    let (mut other, mut call) = tokio::join!(ask("q-2", Some("1.999999")), async {
        let mut call = endpoint.call().await;
        call.begin(Reply::Stream).await;
        call.tokens(&["Once more."]).await;
        call
    });
    assert_ne!(path(&mut other).await.1, path_of_first);
    call.done().await;
    assert_eq!(rest(&mut other).await.0, "Once more.");
}

#[tokio::test]
async fn a_question_that_is_sent_again_continues_the_same_answer() {
    let endpoint = Endpoint::start().await;
    let server = asking(&endpoint).await;
    let question =
        |text: &str| format!(r#"{{"client_id":"q-1","messages":[{{"role":"user","content":"{text}"}}]}}"#);
    let json = [("Content-Type", "application/json")];
    let ask =
        async |text: &str| server.open("POST", "/api/assistant", &json, question(text).as_bytes()).await;
    // Both are there before the model has said a word.
    let (mut first, mut second, mut call) = tokio::join!(ask("why?"), ask("why?"), async {
        let mut call = endpoint.call().await;
        call.begin(Reply::Stream).await;
        call.tokens(&["Be", "cause."]).await;
        call
    });
    let path_of_first = path(&mut first).await.1;
    assert_eq!(path(&mut second).await.1, path_of_first);
    assert_eq!(ask("what?").await.status, 409);
    call.done().await;
    for stream in [&mut first, &mut second] {
        assert_eq!(rest(stream).await.0, "Because.");
    }
    let mut third = ask("why?").await;
    assert_eq!(path(&mut third).await.1, path_of_first);
    assert_eq!(endpoint.calls(), 1);
}

#[tokio::test]
async fn who_goes_away_before_the_first_word_and_asks_again_gets_the_answer_of_the_first_time() {
    let endpoint = Endpoint::start().await;
    let server = asking(&endpoint).await;
    let question = r#"{"client_id":"q-1","messages":[{"role":"user","content":"why?"}]}"#;
    let head = format!(
        "POST /api/assistant HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        server.address,
        question.len()
    );
    let mut page = TcpStream::connect(server.address).await.expect("connected");
    page.write_all(head.as_bytes()).await.expect("sent");
    page.write_all(question.as_bytes()).await.expect("sent");
    let mut call = endpoint.call().await;
    drop(page);
    let gone = async {
        // The one that asks for it.
        while server.metric("sse_connections").await > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(common::PATIENCE, gone).await.expect("seen to be gone in time");

    let json = [("Content-Type", "application/json")];
    let (mut again, mut call) =
        tokio::join!(server.open("POST", "/api/assistant", &json, question.as_bytes()), async {
            call.begin(Reply::Stream).await;
            call
        });
    path(&mut again).await;
    call.tokens(&["Be", "cause."]).await;
    call.done().await;
    assert_eq!(rest(&mut again).await.0, "Because.");
    assert_eq!(endpoint.calls(), 1, "the model was asked once");
}

#[tokio::test]
async fn a_refusal_before_the_start_is_a_problem() {
    for (status, headers, body, expected, says) in [
        (
            "401 Unauthorized",
            "",
            r#"{"error":{"message":"Incorrect API key provided: sk-a-key"}}"#,
            502,
            "key (401)",
        ),
        ("404 Not Found", "", r#"{"error":{"message":"no model test-model"}}"#, 502, "no model test-model"),
        ("400 Bad Request", "", r#"{"error":"too\nlong"}"#, 502, "too long"),
        ("429 Too Many Requests", "Retry-After: 7\r\n", "{}", 503, "too much"),
        ("500 Internal Server Error", "", "<html>", 502, "(500)"),
        ("302 Found", "Location: http://127.0.0.1:1/\r\n", "", 502, "(302)"),
        ("200 OK", "Content-Type: application/json\r\n", "{}", 502, "event stream"),
    ] {
        let endpoint = Endpoint::start().await;
        let server = asking(&endpoint).await;
        let (answer, ()) = tokio::join!(server.post_json("/api/assistant", QUESTION), async {
            endpoint.call().await.begin(Reply::Refusal { status, headers, body }).await;
        });
        assert_eq!(answer.status, expected, "{status}: {}", answer.text());
        let detail = answer.problem().detail;
        assert!(detail.contains(says) && !detail.contains("sk-a-key"), "{status}: {detail}");
        assert_eq!(answer.header("retry-after"), if status.starts_with("429") { "7" } else { "" });
    }
    let nowhere = Endpoint::nowhere();
    let server = asking(&nowhere).await;
    assert_eq!(
        server.post_json("/api/assistant", QUESTION).await.problem().status,
        502,
        "nobody listens there"
    );
}

#[tokio::test]
async fn an_endpoint_that_is_silent_is_given_up() {
    let endpoint = Endpoint::start().await;
    let assistant = AssistantConfig {
        url: Some(format!("http://{}/v1/", endpoint.address).parse().expect("a URL")),
        model: Some("slow".into()),
        timeout: Duration::from_secs(2),
        ..AssistantConfig::default()
    };
    let server = Server::start(Config { assistant, ..Config::default() }).await;
    let (answer, _call) = tokio::join!(server.post_json("/api/assistant", QUESTION), endpoint.call());
    assert_eq!(answer.problem().status, 504, "before the start");

    let (mut stream, _call) = tokio::join!(ask(&server), async {
        let mut call = endpoint.call().await;
        call.begin(Reply::Stream).await;
        call.tokens(&["It "]).await;
        call
    });
    path(&mut stream).await;
    let (text, last) = rest(&mut stream).await;
    assert_eq!(text, "It ");
    assert!(failure(&last).contains("silent"), "{last:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_says_so_after_what_came() {
    for (raw, says) in [
        ("", "in the middle"),
        ("data: {\"error\":{\"message\":\"overloaded\"}}\n\n", "failed"),
        ("event: error\ndata: {\"error\":\"x\"}\n\n", "failed"),
        ("data: not json\n\n", "no piece of an answer"),
        ("data: [1,2]\n\n", "no piece of an answer"),
        ("data: {\"choices\":[{\"delta\":{\"content\":7}}]}\n\n", "no piece of an answer"),
    ] {
        let endpoint = Endpoint::start().await;
        let server = asking(&endpoint).await;
        let (mut stream, ()) = tokio::join!(ask(&server), async {
            let mut call = endpoint.call().await;
            call.begin(Reply::Stream).await;
            // In one piece: what comes before the error must not be lost with it.
            call.raw(&format!("{}{}{raw}", common::endpoint::token("It is "), common::endpoint::token("so")))
                .await;
        });
        path(&mut stream).await;
        let (text, last) = rest(&mut stream).await;
        assert_eq!(text, "It is so", "{raw:?}");
        assert!(failure(&last).contains(says), "{raw:?}: {last:?}");
    }
    // More than is taken at once: a line that never ends.
    let endpoint = Endpoint::start().await;
    let server = asking(&endpoint).await;
    let (mut stream, _) = tokio::join!(ask(&server), async {
        let mut call = endpoint.call().await;
        call.begin(Reply::Stream).await;
        call.raw(&format!("data: {}", "x".repeat(1_100_000))).await;
        call
    });
    path(&mut stream).await;
    assert!(failure(&rest(&mut stream).await.1).contains("more at once"));
}

#[tokio::test]
async fn what_the_endpoint_says_of_the_end_is_passed_on() {
    for (said, expected) in [
        ("stop", FinishReason::Complete),
        ("length", FinishReason::Length),
        ("content_filter", FinishReason::Filtered),
    ] {
        let endpoint = Endpoint::start().await;
        let server = asking(&endpoint).await;
        let (mut stream, ()) = tokio::join!(ask(&server), async {
            let mut call = endpoint.call().await;
            call.begin(Reply::Stream).await;
            call.raw(": a comment\n\ndata: {\"choices\":[]}\n\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n")
                .await;
            call.raw(&format!(
                "data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{said}\"}}]}}\r\n\r\n"
            ))
            .await;
        });
        path(&mut stream).await;
        assert_eq!(reason(&rest(&mut stream).await.1), expected, "{said}");
    }
}

#[tokio::test]
async fn an_answer_can_be_stopped_and_the_endpoint_is_hung_up_on() {
    let endpoint = Endpoint::start().await;
    let server = asking(&endpoint).await;
    let (mut stream, mut call) = tokio::join!(ask(&server), async {
        let mut call = endpoint.call().await;
        call.begin(Reply::Stream).await;
        call.tokens(&["on ", "and "]).await;
        call
    });
    let (_, path) = path(&mut stream).await;
    stream.event().await.expect("a token");
    assert_eq!(server.send("DELETE", &path, &[], b"").await.status, 204);
    assert_eq!(reason(&rest(&mut stream).await.1), FinishReason::Stopped);
    call.hung_up().await;
    assert_eq!(server.send("DELETE", &path, &[], b"").await.status, 204, "again is no error");
    let stranger = [("Origin", "https://evil.example")];
    assert_eq!(server.send("DELETE", &path, &stranger, b"").await.problem().status, 403);
}

#[tokio::test]
async fn the_endpoint_is_hung_up_on_when_nobody_has_listened_for_a_while() {
    let endpoint = Endpoint::start().await;
    let assistant = AssistantConfig {
        url: Some(format!("http://{}", endpoint.address).parse().expect("a URL")),
        model: Some("m".into()),
        linger: Duration::from_millis(200),
        ..AssistantConfig::default()
    };
    let server = Server::start(Config { assistant, ..Config::default() }).await;
    let (mut stream, mut call) = tokio::join!(ask(&server), async {
        let mut call = endpoint.call().await;
        call.begin(Reply::Stream).await;
        call.tokens(&["on "]).await;
        call
    });
    let (_, path) = path(&mut stream).await;
    drop(stream);
    call.hung_up().await;
    let mut late = server.stream(&path, None).await;
    assert_eq!(late.event().await.expect("it begins").event, "answer");
    assert_eq!(reason(&rest(&mut late).await.1), FinishReason::Abandoned);
}

#[tokio::test]
async fn without_an_endpoint_answers_are_made_up_at_their_pace() {
    let server = built_in(2_000.0).await;
    let mut texts = Vec::new();
    for _ in 0..2 {
        let mut stream = ask(&server).await;
        path(&mut stream).await;
        let (text, last) = rest(&mut stream).await;
        assert_eq!(reason(&last), FinishReason::Complete);
        texts.push(text);
    }
    assert_eq!(texts[0], texts[1]);
    assert!(texts[0].contains("Why is the sky blue") && texts[0].split("\n\n").count() >= 5, "{}", texts[0]);
    // At the usual pace it is still under way when somebody joins in the middle of a sentence.
    let server = built_in(30.0).await;
    let mut stream = ask(&server).await;
    let (_, path) = path(&mut stream).await;
    let half = stream.event().await.expect("a token");
    let next = stream.event().await.expect("the next");
    let mut joined = server.stream(&path, Some(&half.id)).await;
    assert_eq!(joined.event().await, Some(next));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_in_words() {
    let server = built_in(30.0).await;
    let ask = async |json: &str| server.post_json("/api/assistant", json).await;
    let message = |role: &str, content: &str| serde_json::json!({ "role": role, "content": content });
    let question = |messages: Vec<serde_json::Value>| serde_json::json!({ "messages": messages }).to_string();
    for (json, status, says) in [
        ("{}".into(), 422, "messages"),
        ("{".into(), 400, "EOF"),
        (question(vec![]), 422, "messages"),
        (r#"{"client_id":"a b","messages":[{"role":"user","content":"a"}]}"#.into(), 422, "client_id"),
        (question(vec![message("user", " ")]), 422, "messages[0].content"),
        (question(vec![message("user", "a"), message("assistant", "b")]), 422, "user"),
        (question(vec![message("robot", "a")]), 422, "robot"),
        (question(vec![message("user", &"x".repeat(12_001))]), 422, "12000"),
        (question(vec![message("user", "x"); 65]), 422, "64"),
        (question(vec![message("user", &"x".repeat(200_000))]), 413, "larger"),
    ] {
        let answer = ask(&json).await;
        let shown: String = json.chars().take(80).collect();
        assert_eq!(answer.status, status, "{shown}: {}", answer.text());
        assert!(answer.problem().detail.contains(says), "{shown}: {}", answer.text());
    }
    assert_eq!(server.get("/api/assistant/0123").await.problem().status, 404);
    assert_eq!(server.get("/api/assistant/a%0Ab").await.problem().status, 404);
    assert_eq!(server.send("DELETE", "/api/assistant/0123", &[], b"").await.problem().status, 404);
    assert_eq!(server.get("/api/assistant").await.problem().status, 405);
    let mut stream = server
        .open(
            "POST",
            "/api/assistant",
            &[("Content-Type", "application/json")],
            question(vec![message("user", &"字".repeat(12_000))]).as_bytes(),
        )
        .await;
    path(&mut stream).await;
}
