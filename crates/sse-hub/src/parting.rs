/// How a stream is ended by whoever serves it. The client comes back with its cursor and loses nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "only `serve` ends streams one by one"))]
pub(crate) enum Parting {
    /// At once and without a word: the opening has said when to come back.
    Now,
    /// When all is sent that was published, with a time to come back that lies this far, from 0 to 1, into the
    /// spread of [`farewell`](crate::wire::farewell).
    Spread(f32),
}
