//! Who is there.

mod common;

use std::time::Duration;

use common::{News, hub};
use sse_hub::{Hub, HubOptions, Limits, Member, Presence, Subscribe, Subscription};

fn enter(hub: &Hub, id: &str, name: Option<&str>) -> Subscription {
    let member = Member { id: id.into(), name: name.map(Into::into) };
    hub.subscribe(Subscribe::to(["room"]).member(member)).expect("subscribed")
}

fn room(hub: &Hub) -> (usize, Vec<String>) {
    let Presence { count, names } = hub.presence("room").expect("a topic");
    (count, names)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_member_is_counted_once_however_many_pages_are_open() {
    let hub = hub(HubOptions::default());
    hub.topic::<News>("room").expect("opened");
    let pages = [enter(&hub, "1", Some("Ann")), enter(&hub, "1", Some("Ann")), enter(&hub, "2", Some("Bob"))];
    let _anonymous = hub.subscribe(Subscribe::to(["room"])).expect("subscribed");
    let _nameless = enter(&hub, "3", None);
    let _namesake = enter(&hub, "4", Some("Ann"));
    assert_eq!(room(&hub), (5, names(&["Ann", "Bob"])));
    drop(pages);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(room(&hub), (3, names(&["Ann"])));
    assert_eq!(hub.presence("nowhere"), None);
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_within_the_grace_period_is_not_seen() {
    let hub = hub(HubOptions::default());
    hub.topic::<News>("room").expect("opened");
    let mut changes = hub.presence_changes("room").expect("a topic");
    let page = enter(&hub, "1", Some("Ann"));
    changes.changed().await.expect("told");
    drop(page);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let page = enter(&hub, "1", Some("Ann"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!changes.has_changed().expect("the hub is there"), "it flapped");
    drop(page);
    tokio::time::sleep(Duration::from_millis(4_900)).await;
    assert_eq!(room(&hub).0, 1);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!((room(&hub).0, changes.has_changed().expect("the hub is there")), (0, true));
}

#[tokio::test(start_paused = true)]
async fn an_earlier_departure_does_not_shorten_a_later_grace_period() {
    let hub = hub(HubOptions::default());
    hub.topic::<News>("room").expect("opened");
    drop(enter(&hub, "1", None));
    tokio::time::sleep(Duration::from_secs(4)).await;
    drop(enter(&hub, "1", None));
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(room(&hub).0, 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(room(&hub).0, 0);
}

#[tokio::test(start_paused = true)]
async fn a_new_name_replaces_the_old_one_and_the_list_is_bounded() {
    let limits = Limits { presence_names: 2, ..Limits::default() };
    let hub = hub(HubOptions { limits, ..HubOptions::default() });
    hub.topic::<News>("room").expect("opened");
    let _a = enter(&hub, "1", Some("Ann"));
    let _again = enter(&hub, "1", Some("Anna"));
    assert_eq!(room(&hub), (1, names(&["Anna"])));
    let _others = [enter(&hub, "2", Some("Cid")), enter(&hub, "3", Some("Bob"))];
    assert_eq!(room(&hub), (3, names(&["Anna", "Bob"])));
}

#[tokio::test(start_paused = true)]
async fn who_follows_a_topic_that_is_removed_is_told_that_it_is_over_also_if_they_hold_it() {
    let hub = hub(HubOptions::default());
    let topic = hub.topic::<News>("room").expect("opened");
    let mut changes = hub.presence_changes("room").expect("a topic");
    let follower = tokio::spawn(async move {
        let mut told = Vec::new();
        while changes.changed().await.is_ok() {
            let count = changes.borrow_and_update().count;
            told.push((count, topic.publish_keyed("presence", &News::Count(count as u64)).is_ok()));
        }
        told
    });
    let page = enter(&hub, "1", Some("Ann"));
    assert!(!hub.remove_idle("room"), "somebody is there");
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(page);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(hub.remove_idle("room"));
    let told = tokio::time::timeout(Duration::from_secs(60), follower).await.expect("it ends");
    assert_eq!(told.expect("no panic"), [(1, true), (0, true)]);

    hub.topic::<News>("room").expect("opened anew");
    let mut changes = hub.presence_changes("room").expect("a topic");
    let _page = enter(&hub, "1", Some("Ann"));
    changes.changed().await.expect("told");
    assert_eq!(room(&hub).0, 1);
}
