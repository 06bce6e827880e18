//! leptos-eventsource
