//! What answers when no model is configured: made-up text, the same for the same question.

use std::collections::VecDeque;
use std::time::Duration;

use demo_contract::assistant::{FinishReason, Question};
use fastrand::Rng;
use sha2::{Digest, Sha256};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::model::Word;

/// The most characters of the question that an answer repeats.
const MAX_QUOTED: usize = 60;

/// Makes up answers.
#[derive(Debug)]
pub(super) struct Generator {
    seed: u64,
    between_tokens: Duration,
}

/// An answer that is being given, token by token.
#[derive(Debug)]
pub(super) struct Recital {
    tokens: VecDeque<String>,
    pace: Interval,
}

impl Generator {
    /// `pace` is in tokens a second.
    pub(super) fn new(seed: u64, pace: f64) -> Self {
        Self { seed, between_tokens: Duration::from_secs_f64(1.0 / pace) }
    }

    pub(super) fn recite(&self, question: &Question) -> Recital {
        let mut pace = interval(self.between_tokens);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Recital { tokens: tokens(&self.compose(question)), pace }
    }

    fn compose(&self, question: &Question) -> String {
        let mut random = Rng::with_seed(self.seed ^ fingerprint(question));
        let asked = question.messages.last().map_or("", |message| message.content.trim());
        let phrases = Phrases::for_text(asked);
        let mut text = pick(&mut random, phrases.openings).replace("{}", &quoted(asked));
        let mut paragraphs: Vec<_> = phrases.paragraphs.to_vec();
        random.shuffle(&mut paragraphs);
        for paragraph in paragraphs.iter().take(random.usize(2..=3)) {
            text += "\n\n";
            text += paragraph;
        }
        text += "\n\n";
        text += pick(&mut random, phrases.lists);
        text += "\n\n";
        text += pick(&mut random, CODE);
        text += "\n\n";
        text += pick(&mut random, phrases.endings);
        text
    }
}

impl Recital {
    pub(super) async fn next(&mut self) -> Word {
        self.pace.tick().await;
        self.tokens.pop_front().map_or(Word::Finished(FinishReason::Complete), Word::Token)
    }
}

/// What an answer in one language is made of.
#[derive(Debug)]
struct Phrases {
    openings: &'static [&'static str],
    paragraphs: &'static [&'static str],
    lists: &'static [&'static str],
    endings: &'static [&'static str],
}

impl Phrases {
    /// In the language of the question, as far as its script tells.
    fn for_text(text: &str) -> &'static Self {
        if text.chars().any(is_kana) {
            &JAPANESE
        } else if text.chars().any(is_cjk) {
            &CHINESE
        } else {
            &ENGLISH
        }
    }
}

const ENGLISH: Phrases = Phrases {
    openings: &[
        "You asked: “**{}**” No model is connected to this server, so what follows is made up, but it streams like the \
         real thing.",
        "“**{}**” is a fine question for a generator that knows nothing. Here is an answer all the same, one token at a \
         time.",
    ],
    paragraphs: &[
        "Every token that you see is an event with an id of its own. Unplug the network, close the lid, or walk into a \
         lift: when the page comes back it says which id it saw last, and the sentence goes on *exactly* where it \
         stopped.",
        "An answer is a topic like any other. Open a second tab on it and both tabs show the same words; the model behind \
         it is asked once, however many read along.",
        "A stream that is over says so. The last event is followed by `sse.end`, and the browser does not come back to \
         ask for more, which a plain `EventSource` would do for ever.",
        "Text in other scripts is cut between characters and never inside of them: 你好，世界。 これは日本語の文です。 \
         한국어 문장도 있습니다. Even **强调**和*斜体* next to 汉字 must come out right, and so must 👩🏽‍🚀.",
        "If everybody leaves, the answer stops half a minute later, because a model that talks to an empty room is paid \
         for by the word.",
    ],
    lists: &[
        "What to try:\n\n1. Reload the page in the middle of a sentence.\n2. Open the same answer twice.\n3. Stop it with \
         the button, and look at how it says so.",
        "In short:\n\n- **Ids** make a stream resumable.\n- **Topics** make it shareable.\n- **Limits** keep it polite.",
    ],
    endings: &[
        "To hear from a real model, start the server with `--assistant-url`, `--assistant-model` and a key.",
        "That is all there is to say, and it was the same the last time you asked.",
    ],
};

const CHINESE: Phrases = Phrases {
    openings: &[
        "你问的是**“{}”**。这台服务器没有连接任何模型，下面的内容是编出来的，但它的传送方式与真的一样。",
        "关于**{}**，内置的生成器其实一无所知。不过它还是会一个词一个词地回答你。",
    ],
    paragraphs: &[
        "你看到的每一个字都是一个带有编号的事件。拔掉网线、合上笔记本、走进电梯都没有关系：页面回来时会说明它看到了哪里，\
         句子就从*那个位置*继续下去，不多也不少。",
        "每个回答都是一个主题。在第二个标签页里打开它，两边会显示同样的文字，而后面的模型只被调用一次。",
        "结束的流会明确地说自己结束了。最后一个事件之后是 `sse.end`，浏览器不会再回来询问。",
        "如果所有的听众都离开了，回答会在半分钟之后停止，因为对着空房间说话也是要**付费**的。",
    ],
    lists: &[
        "可以试一试：\n\n1. 在句子中间刷新页面。\n2. 同时打开两个窗口。\n3. 按下停止按钮。",
        "简单来说：\n\n- **编号**让流可以续传。\n- **主题**让流可以共享。\n- **限制**让流不会失控。",
    ],
    endings: &[
        "要听真正的模型说话，请用 `--assistant-url` 启动服务器。",
        "就说到这里。下次再问，答案还是一样的。",
    ],
};

const JAPANESE: Phrases = Phrases {
    openings: &[
        "**「{}」**についてのご質問ですね。このサーバーにはモデルが接続されていないため、以下は作り話ですが、\
         届き方は本物と同じです。",
    ],
    paragraphs: &[
        "表示される一つ一つの断片には番号が付いています。通信が切れても、ページはどこまで受け取ったかを伝え、\
         文は*ちょうどその場所*から続きます。",
        "回答はトピックの一つです。別のタブで開いても同じ文章が表示され、モデルが呼ばれるのは一度だけです。",
        "終わったストリームは終わったと伝えます。最後のイベントの後に `sse.end` が届き、ブラウザーは再接続しません。",
    ],
    lists: &[
        "試してみましょう：\n\n1. 文の途中で再読み込みする。\n2. 二つのタブで開く。\n3. 停止ボタンを押す。",
    ],
    endings: &["本物のモデルを使うには、`--assistant-url` を付けてサーバーを起動してください。"],
};

const CODE: &[&str] = &[
    "```rust\nlet mut stream = hub.subscribe(Subscribe::to([topic]).after(last_event_id))?;\nwhile let Some(chunk) = \
     stream.next().await {\n    send(chunk).await?;\n}\n```",
    "```js\nconst answer = new EventSource(`/api/assistant/${id}`);\nanswer.addEventListener(\"token\", (event) => {\n  \
     text += JSON.parse(event.data).text;\n});\n```",
];

fn pick<'a>(random: &mut Rng, choices: &[&'a str]) -> &'a str {
    random.choice(choices).copied().unwrap_or_default()
}

/// The question on one line, without what Markdown would make something of.
fn quoted(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let plain = plain.filter(|c| !c.is_control() && !"*_`[]<>#|\\".contains(*c));
    let mut short: String = plain.clone().take(MAX_QUOTED).collect();
    if plain.count() > MAX_QUOTED {
        short += "...";
    }
    short.trim().to_owned()
}

/// Stays the same from version to version, unlike the hash of a map.
fn fingerprint(question: &Question) -> u64 {
    let mut hasher = Sha256::new();
    for message in &question.messages {
        hasher.update(format!("{:?}\0", message.role));
        hasher.update(&message.content);
        hasher.update([0]);
    }
    let hash = hasher.finalize();
    hash.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

/// Words with the space behind them; of scripts without spaces, a character or two.
fn tokens(text: &str) -> VecDeque<String> {
    let mut tokens = VecDeque::new();
    let mut token = String::new();
    let mut before = ' ';
    for character in text.chars() {
        let begins = match is_cjk(character) {
            true => !is_cjk(before) || token.chars().count() >= 2,
            false => is_cjk(before) || (before.is_whitespace() && !character.is_whitespace()),
        };
        if begins && !token.is_empty() {
            tokens.push_back(std::mem::take(&mut token));
        }
        token.push(character);
        before = character;
    }
    if !token.is_empty() {
        tokens.push_back(token);
    }
    tokens
}

fn is_kana(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}')
}

/// Han, kana and hangul, with their punctuation.
fn is_cjk(character: char) -> bool {
    matches!(character, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{ff00}'..='\u{ffef}')
}

#[cfg(test)]
mod tests {
    use demo_contract::assistant::{Message, Role};

    use super::*;

    fn compose(seed: u64, asked: &str) -> String {
        let messages = vec![Message { role: Role::User, content: asked.into() }];
        Generator::new(seed, 30.0).compose(&Question { messages, client_id: None })
    }

    #[test]
    fn the_same_seed_and_question_give_the_same_text_and_others_another() {
        let text = compose(1, "What is SSE?");
        assert_eq!(text, compose(1, "What is SSE?"));
        assert_ne!(text, compose(1, "What is HTTP?"));
        assert!((2..20).any(|seed| compose(seed, "What is SSE?") != text));
        assert!(text.contains("What is SSE?") && text.split("\n\n").count() >= 5, "{text}");
    }

    #[test]
    fn an_answer_is_in_the_script_of_the_question() {
        assert!(compose(1, "你好吗？").chars().filter(|c| is_cjk(*c)).count() > 100);
        assert!(compose(1, "これは何ですか").chars().any(is_kana));
        assert!(!compose(1, "你好吗？").chars().any(is_kana));
    }

    #[test]
    fn tokens_are_the_text_in_small_pieces() {
        for asked in ["why?", "你好吗？", "これは何ですか", ""] {
            let text = compose(3, asked);
            let tokens = tokens(&text);
            assert_eq!(tokens.iter().map(String::as_str).collect::<String>(), text);
            for token in &tokens {
                assert!((1..80).contains(&token.chars().count()), "{token:?}");
            }
            assert!(tokens.len() > 60, "{}", tokens.len());
        }
        assert_eq!(tokens("a bc  你好吗x"), ["a ", "bc  ", "你好", "吗", "x"]);
    }

    #[test]
    fn what_is_quoted_is_short_and_plain() {
        assert_eq!(quoted("a\n**b** <i>`c`"), "a b ic");
        let long = quoted(&"字".repeat(100));
        assert_eq!(long.chars().count(), MAX_QUOTED + 3);
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_come_at_their_pace() {
        let messages = vec![Message { role: Role::User, content: "why?".into() }];
        let mut recital = Generator::new(1, 30.0).recite(&Question { messages, client_id: None });
        let started = tokio::time::Instant::now();
        for _ in 0..31 {
            assert!(matches!(recital.next().await, Word::Token(_)));
        }
        let took = started.elapsed().as_millis();
        assert!((990..=1_100).contains(&took), "{took}");
    }
}
