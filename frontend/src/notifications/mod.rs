//! Notifications: a bell with a list behind it, and what is shown in passing.

mod bell;
mod center;
mod inbox;
mod item;
mod toasts;

pub(crate) use bell::Bell;
pub(crate) use center::provide_notifications;
pub(crate) use toasts::Toasts;
