//! Addresses that nobody may be sent to.

use std::net::IpAddr;

use futures::future::join_all;
use schakelpunt_webhook::{Forbidden, Handshake, Kind, Outcome, Settings, Target, Unreachable};
use tokio::process::Command;

use super::sinks::{CANARY, FORBIDDEN, HOME, Sink, Untouched, by_name, channel, deliver, handshake};

#[test]
fn a_url_with_a_forbidden_address_is_no_target() {
    let settings = |host: &str| {
        let text = format!("url = \"https://{host}/hook?code={CANARY}\"\norigin = \"hub.test\"\nsecrets = [\"{}\"]\n", super::sinks::NEW);
        Target::try_from(&toml::from_str::<Settings>(&text).unwrap()).map(|_| ()).unwrap_err()
    };
    for host in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "[::ffff:10.1.2.3]", "[64:ff9b::a01:203]", "[fd00::1]", "192.0.2.1"] {
        let error = settings(host);
        assert!(error.key == "url" && !error.to_string().contains(CANARY), "{error}");
    }
}

#[tokio::test]
async fn a_name_that_leads_to_a_forbidden_address_is_never_called() {
    let kinds: [(&str, Kind); 10] = [
        ("127.0.0.2", Kind::Loopback),
        ("10.0.0.1", Kind::Private),
        ("169.254.169.254", Kind::Metadata),
        ("169.254.1.1", Kind::LinkLocal),
        ("100.64.0.1", Kind::Shared),
        ("224.0.0.1", Kind::Multicast),
        ("203.0.113.7", Kind::Documentation),
        ("fd00::1", Kind::UniqueLocal),
        ("::ffff:127.0.0.1", Kind::Embedded),
        ("64:ff9b::7f00:1", Kind::Embedded),
    ];
    for (address, kind) in kinds {
        let channel = by_name(80, &[&[address.parse().unwrap()]]);
        let forbidden = Forbidden(kind);
        assert_eq!(channel.check().await, Err(Unreachable::Forbidden(forbidden)), "{address}");
        assert_eq!(deliver(&channel, "event-1").await, Outcome::Forbidden(forbidden), "{address}");
        assert_eq!(handshake(&channel, None).await, Handshake::Forbidden(forbidden), "{address}");
    }
}

/// Of several addresses the forbidden ones are left out, wherever they stand.
#[tokio::test]
async fn of_several_addresses_only_the_allowed_ones_are_tried() {
    let sink = Sink::with(204, &[]).await;
    let forbidden = Untouched::at(sink.address.port());
    let orders: [&[IpAddr]; 2] = [&[FORBIDDEN, HOME], &[HOME, FORBIDDEN]];
    for addresses in orders {
        let channel = by_name(sink.address.port(), &[addresses]);
        let outcomes = join_all((0..5).map(|_| deliver(&channel, "event-1"))).await;
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Delivered), "{outcomes:?}");
    }
    forbidden.check();
    assert_eq!(sink.received().len(), 10);
}

#[tokio::test]
async fn a_name_that_is_allowed_with_its_network_is_called() {
    let sink = Sink::with(204, &[]).await;
    let channel = by_name(sink.address.port(), &[&[HOME]]);
    assert_eq!(deliver(&channel, "event-1").await, Outcome::Delivered);
    let [received] = sink.received().try_into().unwrap();
    assert_eq!(received.header("host"), format!("sink.test:{}", sink.address.port()));
}

#[tokio::test]
async fn the_machine_s_own_names_are_judged_like_any_other() {
    let channel = channel(&format!("https://localhost/hook?code={CANARY}"), "");
    let forbidden = Forbidden(Kind::Loopback);
    assert_eq!(channel.check().await, Err(Unreachable::Forbidden(forbidden)));
    assert_eq!(deliver(&channel, "event-1").await, Outcome::Forbidden(forbidden));
}

/// Runs the test of an allowed name in a process whose environment names a proxy.
#[tokio::test]
async fn no_proxy_of_the_environment_is_used() {
    let proxy = Untouched::at(0);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "webhook::forbidden::a_name_that_is_allowed_with_its_network_is_called"]).kill_on_drop(true);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, format!("http://{}", proxy.address()));
    }
    let output = command.env_remove("no_proxy").env_remove("NO_PROXY").output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    proxy.check();
}
