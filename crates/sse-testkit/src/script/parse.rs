use std::str::FromStr;
use std::time::Duration;

use sse_proto::{EventId, EventType, MEDIA_TYPE, encode};

use super::{Ending, Head, Part, Script, ScriptError, Step, limits};
use crate::percent;

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let mut parts = Vec::new();
        let mut draft = Draft::default();
        let mut budget = Budget { bytes: limits::BYTES, steps: limits::STEPS };
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            let parsed = match line {
                "---" => {
                    parts.push(std::mem::take(&mut draft).finish());
                    Ok(())
                }
                _ if line.is_empty() || line.starts_with('#') => Ok(()),
                _ => draft.step(line, &mut budget),
            };
            parsed.map_err(|reason| ScriptError { line: number + 1, reason })?;
        }
        parts.push(draft.finish());
        Ok(Self { parts })
    }
}

/// Why a line cannot be played.
type Reason = String;

/// What is left of the limits.
struct Budget {
    bytes: usize,
    steps: usize,
}

/// A part of which not all lines are read.
struct Draft {
    head: Head,
    content_type: Option<String>,
    opened: bool,
    steps: Vec<Step>,
    ending: Option<Ending>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            head: Head { status: 200, headers: Vec::new(), redirect: false, cors: true },
            content_type: Some(MEDIA_TYPE.to_owned()),
            opened: false,
            steps: Vec::new(),
            ending: None,
        }
    }
}

impl Draft {
    fn step(&mut self, line: &str, budget: &mut Budget) -> Result<(), Reason> {
        budget.steps = budget.steps.checked_sub(1).ok_or(format!("more than {} steps", limits::STEPS))?;
        if self.ending.is_some() {
            return Err("the connection has ended before this line".to_owned());
        }
        let (word, rest) = split_word(line);
        match word {
            "status" => self.head()?.status = status(rest)?,
            "header" => {
                let (name, value) = split_word(rest);
                let header = (header_text(name)?, header_text(value)?);
                self.head()?.headers.push(header);
            }
            "type" => {
                self.head()?;
                self.content_type = (rest != "-").then(|| header_text(rest)).transpose()?;
            }
            "redirect" => {
                let head = self.head()?;
                (head.status, head.redirect) = (307, true);
            }
            "no-cors" => self.head()?.cors = false,
            "open" => self.open(),
            "sleep" => self.steps.push(Step::Sleep(duration(rest, limits::SLEEP)?)),
            "wait" if rest.is_empty() => return Err("the name to wait for is missing".to_owned()),
            "wait" => self.steps.push(Step::Wait(rest.to_owned())),
            "bytes" => self.steps.push(Step::ByteByByte),
            "end" => {
                self.open();
                self.ending = Some(Ending::End);
            }
            "cut" => self.ending = Some(Ending::Cut),
            "reset" => self.ending = Some(Ending::Reset),
            "stall" => self.ending = Some(Ending::Stall),
            _ => {
                let bytes = bytes(word, rest, budget.bytes)?;
                budget.bytes -= bytes.len();
                self.open();
                self.steps.push(Step::Send(bytes));
            }
        }
        Ok(())
    }

    /// The head, as long as it can be changed.
    fn head(&mut self) -> Result<&mut Head, Reason> {
        if self.steps.is_empty() {
            Ok(&mut self.head)
        } else {
            Err("this belongs into the head, which comes before all else".to_owned())
        }
    }

    fn open(&mut self) {
        if !std::mem::replace(&mut self.opened, true) {
            self.steps.push(Step::Open);
        }
    }

    fn finish(mut self) -> Part {
        let ending = self.ending.unwrap_or_else(|| {
            self.open();
            if self.head.status == 200 { Ending::Stall } else { Ending::End }
        });
        self.head.headers.extend(self.content_type.map(|value| ("content-type".to_owned(), value)));
        Part { head: self.head, steps: self.steps, ending }
    }
}

/// The bytes of a step that sends something, at most `limit` of them.
fn bytes(word: &str, rest: &str, limit: usize) -> Result<Vec<u8>, Reason> {
    let mut out = Vec::new();
    match word {
        "event" => event(&mut out, rest)?,
        "repeat" => {
            let (count, step) = split_word(rest);
            let count: usize = count.parse().map_err(|_| format!("not a number: {count:?}"))?;
            let ("event", template) = split_word(step) else {
                return Err("only an event can be repeated".to_owned());
            };
            for n in 1..=count {
                event(&mut out, &template.replace("{n}", &n.to_string()))?;
                if out.len() > limit {
                    break;
                }
            }
        }
        "comment" => encode::comment(&mut out, rest),
        "retry" => encode::retry(&mut out, duration(rest, Duration::MAX)?),
        "raw" => out = percent::decode(rest).ok_or("not percent-encoded")?,
        _ => return Err(format!("no such step: {word:?}")),
    }
    if out.len() > limit {
        return Err(format!("the script sends more than {} bytes", limits::BYTES));
    }
    Ok(out)
}

fn event(out: &mut Vec<u8>, text: &str) -> Result<(), Reason> {
    let (event_type, rest) = split_word(text);
    let (id, data) = split_word(rest);
    if event_type.is_empty() || id.is_empty() {
        return Err("an event has a type, an id and data; `-` stands for no type or no id".to_owned());
    }
    let event_type = given(event_type).map(EventType::new).transpose().map_err(|error| error.to_string())?;
    let id = given(id).map(EventId::new).transpose().map_err(|error| error.to_string())?;
    encode::fields(out, id.as_ref(), event_type.as_ref(), data);
    Ok(())
}

fn given(word: &str) -> Option<&str> {
    (word != "-").then_some(word)
}

/// The first word, and what follows it.
fn split_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

fn status(text: &str) -> Result<u16, Reason> {
    text.parse().ok().filter(|status| (200..600).contains(status)).ok_or(format!("not a status: {text:?}"))
}

fn header_text(text: &str) -> Result<String, Reason> {
    if !text.is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        Ok(text.to_owned())
    } else {
        Err(format!("not the name or the value of a header: {text:?}"))
    }
}

fn duration(text: &str, longest: Duration) -> Result<Duration, Reason> {
    let duration = if let Some(millis) = text.strip_suffix("ms") {
        millis.parse().map(Duration::from_millis)
    } else {
        text.strip_suffix('s').unwrap_or("").parse().map(Duration::from_secs)
    };
    let duration = duration.map_err(|_| format!("not a time like 50ms or 2s: {text:?}"))?;
    if duration > longest { Err(format!("longer than {longest:?}")) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Script {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn error(text: &str) -> ScriptError {
        text.parse::<Script>().expect_err(text)
    }

    fn send(text: &str) -> Step {
        Step::Send(text.as_bytes().to_vec())
    }

    #[test]
    fn an_empty_script_is_a_stream_that_stays_open() {
        let script = parse("");
        let part = script.part(0);
        assert_eq!(part.head.status, 200);
        assert_eq!(part.head.headers, [("content-type".to_owned(), MEDIA_TYPE.to_owned())]);
        assert_eq!((part.steps.as_slice(), part.ending), ([Step::Open].as_slice(), Ending::Stall));
    }

    #[test]
    fn every_connection_has_its_part_and_the_last_repeats() {
        let script = parse("event - - a\nend\n---\nstatus 503\n---\nreset");
        assert_eq!(script.part(0).steps, [Step::Open, send("data: a\n\n")]);
        assert_eq!((script.part(1).head.status, script.part(1).ending), (503, Ending::End));
        assert_eq!(script.part(2).ending, Ending::Reset);
        assert_eq!(script.part(99), script.part(2));
    }

    #[test]
    fn the_head_goes_out_with_the_first_byte_and_not_before() {
        assert_eq!(
            parse("sleep 50ms\nwait go\nbytes\nevent tick 1.1 {\"a\": 1}").part(0).steps,
            [
                Step::Sleep(Duration::from_millis(50)),
                Step::Wait("go".to_owned()),
                Step::ByteByByte,
                Step::Open,
                send("id: 1.1\nevent: tick\ndata: {\"a\": 1}\n\n"),
            ]
        );
        for (text, steps) in [("stall", vec![]), ("reset", vec![]), ("end", vec![Step::Open])] {
            assert_eq!(parse(text).part(0).steps, steps, "{text}");
        }
    }

    #[test]
    fn whatever_goes_over_the_wire_can_be_written() {
        assert_eq!(
            parse("raw %ef%bb%bfdata:x%0A\ncomment hi\nretry 2s\nrepeat 2 event - {n} {n}").part(0).steps,
            [
                Step::Open,
                Step::Send(b"\xef\xbb\xbfdata:x\n".to_vec()),
                send(": hi\n\n"),
                send("retry: 2000\n\n"),
                send("id: 1\ndata: 1\n\nid: 2\ndata: 2\n\n"),
            ]
        );
    }

    #[test]
    fn the_head_can_be_any() {
        let script = parse("status 429\nheader retry-after 1\ntype -\nno-cors");
        let head = &script.part(0).head;
        assert_eq!((head.status, head.cors), (429, false));
        assert_eq!(head.headers, [("retry-after".to_owned(), "1".to_owned())]);
        assert!(parse("redirect").part(0).head.redirect);
    }

    #[test]
    fn a_script_that_cannot_be_played_says_in_which_line() {
        for (text, line, reason) in [
            ("\n  # fine\n jump", 3, "no such step: \"jump\""),
            ("event tick", 1, "an event has a type, an id and data; `-` stands for no type or no id"),
            ("end\nevent - - late", 2, "the connection has ended before this line"),
            ("open\nstatus 500", 2, "this belongs into the head, which comes before all else"),
            ("status 100", 1, "not a status: \"100\""),
            ("sleep 5", 1, "not a time like 50ms or 2s: \"5\""),
            ("sleep 61s", 1, "longer than 60s"),
            ("wait", 1, "the name to wait for is missing"),
            ("raw %4", 1, "not percent-encoded"),
            ("repeat 2 comment x", 1, "only an event can be repeated"),
            ("header x-a é", 1, "not the name or the value of a header: \"é\""),
        ] {
            assert_eq!(error(text), ScriptError { line, reason: reason.to_owned() }, "{text}");
        }
    }

    #[test]
    fn a_script_has_limits() {
        assert_eq!(error("repeat 999999999 event - - x").reason, "the script sends more than 16777216 bytes");
        let half = "repeat 960000 event - - x";
        assert_eq!(error(&[half; 2].join("\n---\n")).line, 3, "parts share the limit");
        assert_eq!(error(&"open\n".repeat(1_001)).reason, "more than 1000 steps");
    }
}
