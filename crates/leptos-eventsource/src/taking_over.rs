//! Until when a page is being taken over from a server.

use leptos::prelude::Owner;

/// What tells whether the page of the current owner is still being taken over; `None` if no server has rendered it.
///
/// With lazy routes that takes until the program of the route has come. Whatever is shown earlier is not what the server
/// has rendered, and its views would not be found.
pub(crate) fn taking_over() -> Option<impl Fn() -> bool + use<>> {
    let context = Owner::current_shared_context()?;
    // With islands its end is never said to have come, but each of them is "hydrating" only while it is taken over.
    Some(move || context.during_hydration() && context.get_is_hydrating())
}
