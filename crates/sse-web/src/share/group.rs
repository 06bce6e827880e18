use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use send_wrapper::SendWrapper;
use sse_proto::client::{Failure, State};

use super::log::{Entry, Log};
use super::member::Member;
use super::source::{Source, Upstream};
use crate::options::Options;
use crate::transport::{ActiveRequest, Receiver, Request, Transport};

thread_local! {
    /// The groups of this page or worker.
    static GROUPS: RefCell<Vec<Weak<Group>>> = const { RefCell::new(Vec::new()) };
}

/// How far a connection is shared.
#[derive(Clone, Copy)]
pub(super) struct Reach {
    pub(super) name: &'static str,
    /// Makes the source of a group, by its key. Called by a pointer, so that a reach nobody asks for is not linked.
    pub(super) source: fn(Weak<Group>, &str) -> Box<dyn Source>,
}

/// Those of one page who share a connection. It lives as long as it has members.
pub(super) struct Group {
    reach: Reach,
    key: String,
    pub(super) url: String,
    /// Those of its first member, but for the transport.
    pub(super) options: Options,
    pub(super) log: RefCell<Log>,
    pub(super) source: Box<dyn Source>,
    /// The connection of this page, while there is one.
    pub(super) upstream: Upstream,
    state: RefCell<State>,
    members: RefCell<Vec<Weak<Member>>>,
}

impl Group {
    /// The group of those who have this key. Whoever is the first of it begins it, at a cursor.
    pub(super) fn of(reach: Reach, key: &str, url: &str, options: &Options, cursor: &str) -> Rc<Self> {
        let is_it = |group: &Rc<Self>| group.reach.name == reach.name && group.key == key && !group.is_over();
        let known = GROUPS.with_borrow(|groups| groups.iter().filter_map(Weak::upgrade).find(is_it));
        known.unwrap_or_else(|| {
            let group = Rc::new_cyclic(|this| Self {
                reach,
                key: key.to_owned(),
                url: url.to_owned(),
                options: Options {
                    transport: Arc::new(OfMembers(SendWrapper::new(this.clone()))),
                    ..options.clone()
                },
                log: RefCell::new(Log::new(cursor)),
                source: (reach.source)(this.clone(), key),
                upstream: Upstream::default(),
                state: RefCell::new(State::Idle),
                members: RefCell::default(),
            });
            GROUPS.with_borrow_mut(|groups| groups.push(Rc::downgrade(&group)));
            group
        })
    }

    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Whether its stream is closed: whoever comes then, or connects anew, belongs to another group.
    pub(super) fn is_over(&self) -> bool {
        matches!(*self.state.borrow(), State::Closed(_))
    }

    pub(super) fn add(&self, member: Weak<Member>) {
        self.members.borrow_mut().push(member);
    }

    pub(super) fn remove(&self, member: &Weak<Member>) {
        self.members.borrow_mut().retain(|other| !other.ptr_eq(member));
    }

    /// Whether any member wants the stream.
    pub(super) fn is_wanted(&self) -> bool {
        let mut is_wanted = false;
        self.each(|member| is_wanted |= member.is_active());
        is_wanted
    }

    /// Opens the connection or closes it, as the members want it now.
    pub(super) fn update(self: &Rc<Self>) {
        if self.is_wanted() && !self.is_over() {
            self.source.activate(self);
        } else {
            self.source.deactivate(self);
        }
    }

    /// Takes in what the group's own connection has brought.
    pub(super) fn push(&self, entry: Entry) {
        self.source.handle_coming(self, &entry);
        self.log.borrow_mut().push(entry);
        self.source.handle_entry(self);
    }

    /// Takes note that what comes from now on leaves out nothing.
    pub(super) fn settle(&self) {
        self.log.borrow_mut().settle();
        self.source.handle_settled(self);
    }

    /// Tells the members what is new in the log.
    pub(super) fn tell_entries(&self) {
        self.each(|member| member.pump());
    }

    pub(super) fn handle_state(self: &Rc<Self>, state: State) {
        self.state.replace(state);
        if self.is_over() {
            // Nothing comes next, and so nothing that leaves out something.
            self.log.borrow_mut().settle();
        }
        self.each(|member| member.handle_group_state());
        if self.is_over() {
            self.update();
        }
    }

    pub(super) fn handle_failure(&self, failure: &Failure) {
        self.each(|member| member.handle_group_failure(failure));
    }

    /// That of the member who has wanted the stream for longest.
    fn transport(&self) -> Option<Arc<dyn Transport>> {
        let members = self.members.borrow();
        let mut members = members.iter().filter_map(Weak::upgrade);
        members.find(|member| member.is_active()).map(|member| member.transport())
    }

    /// Whoever is called may add and remove members.
    fn each(&self, mut call: impl FnMut(Rc<Member>)) {
        let members = self.members.borrow().clone();
        members.iter().filter_map(Weak::upgrade).for_each(&mut call);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Not there any more when the page itself goes.
        let _ = GROUPS.try_with(|groups| groups.borrow_mut().retain(|group| group.strong_count() > 0));
    }
}

/// The transport of a member. All ask for the same; but the token, or what gives it, may go with who came first.
struct OfMembers(SendWrapper<Weak<Group>>);

impl Transport for OfMembers {
    fn connect(&self, request: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure> {
        let transport = self.0.upgrade().and_then(|group| group.transport());
        // Without a member there is no connection.
        transport.ok_or(Failure::Unsupported)?.connect(request, receiver)
    }
}
