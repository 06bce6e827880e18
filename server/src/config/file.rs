//! The configuration in a file. Its keys are those of the flags, so there is one list of what can be set, one place where
//! values are looked at, and nothing to keep in step.

use std::collections::HashSet;
use std::error::Error as _;
use std::path::{Path, PathBuf};

use clap::builder::OsStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};
use toml::{Table, Value};

/// The largest file, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// What is wrong with the file. Never repeats a value: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", file.display())]
#[non_exhaustive]
pub struct FileError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong, beginning with the key or the line.
    pub what: String,
}

/// `command` with the file's values as defaults: flags win, and environment variables.
pub(super) fn apply(command: Command, file: &Path) -> Result<Command, FileError> {
    let wrong = |what| FileError { file: file.to_owned(), what };
    let text = read(file).map_err(wrong)?;
    let table: Table = toml::from_str(&text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        wrong(format!("line {line}: {}", error.message().trim().replace('\n', ", ")))
    })?;
    let mut entries = Vec::new();
    flatten(&table, "", &mut entries);
    let mut keys = HashSet::new();
    if let Some((twice, _)) = entries.iter().find(|(key, _)| !keys.insert(key)) {
        return Err(wrong(format!("{twice}: is set twice")));
    }
    entries.into_iter().try_fold(command, |command, (key, value)| set(command, &key, value).map_err(wrong))
}

fn read(file: &Path) -> Result<String, String> {
    let size = std::fs::metadata(file).map_err(|error| error.to_string())?.len();
    if size > MAX_FILE {
        return Err(format!("has {size} bytes, the limit is {MAX_FILE}"));
    }
    std::fs::read_to_string(file).map_err(|error| error.to_string())
}

/// `[assistant] url = ".."` is another way to write `assistant-url = ".."`, and so is `assistant_url = ".."`.
fn flatten<'a>(table: &'a Table, prefix: &str, entries: &mut Vec<(String, &'a Value)>) {
    for (key, value) in table {
        let key = format!("{prefix}{key}").replace('_', "-");
        match value {
            Value::Table(table) => flatten(table, &format!("{key}-"), entries),
            value => entries.push((key, value)),
        }
    }
}

fn set(command: Command, key: &str, value: &Value) -> Result<Command, String> {
    let is_key = |arg: &&Arg| arg.get_long() == Some(key) && arg.get_env().is_some() && key != "config";
    let Some(arg) = command.get_arguments().find(is_key) else {
        return Err(format!(
            "{key}: there is no such key; `server --help` lists the flags, which are the keys"
        ));
    };
    let values = values(arg, value).map_err(|error| format!("{key}: {error}"))?;
    if !matches!(arg.get_action(), ArgAction::SetTrue) {
        for value in &values {
            check(&command, key, value).map_err(|error| format!("{key}: {error}"))?;
        }
    }
    let id = arg.get_id().clone();
    Ok(command.mut_arg(id, |arg| arg.default_values(values.into_iter().map(OsStr::from))))
}

/// The value as a flag would have it.
fn values(arg: &Arg, value: &Value) -> Result<Vec<String>, String> {
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    Ok(match value {
        Value::Boolean(on) if is_switch => vec![on.to_string()],
        _ if is_switch => return Err("expected true or false".into()),
        Value::String(text) => vec![text.clone()],
        Value::Integer(number) => vec![number.to_string()],
        Value::Float(number) => vec![number.to_string()],
        Value::Array(list) if matches!(arg.get_action(), ArgAction::Append) => {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            list.iter().map(text).collect::<Option<_>>().ok_or("expected a list of strings")?
        }
        _ if matches!(arg.get_action(), ArgAction::Append) => {
            return Err("expected a string or a list of strings".into());
        }
        _ => return Err("expected a string or a number".into()),
    })
}

/// Whether the flag would take the value. Asked for each key, because clap would blame the flag and not the file.
fn check(command: &Command, flag: &str, value: &str) -> Result<(), String> {
    let Err(error) = command.clone().try_get_matches_from(["server".to_owned(), format!("--{flag}={value}")])
    else {
        return Ok(());
    };
    match (error.kind(), error.get(ContextKind::ValidValue)) {
        (ErrorKind::InvalidValue, Some(ContextValue::Strings(valid))) => {
            Err(format!("expected one of {}", valid.join(", ")))
        }
        (ErrorKind::ValueValidation | ErrorKind::InvalidValue, _) => {
            Err(error.source().map_or_else(|| "is not valid".to_owned(), ToString::to_string))
        }
        // What else is wrong is not about this value, such as another flag that it needs.
        _ => Ok(()),
    }
}
