//! A probation unit with a system behind OAuth2 whose token is withdrawn, and files with what it says.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;

use crate::{
    adapters::{
        edge::Edge,
        systems::{Behind, behind_oauth},
    },
    end_to_end::{
        messages::{PRISON, PRISON_SOURCE, UNIT, admission, day, event},
        process::Site,
    },
    parts::{
        postgres::Database,
        rabbitmq::{PASSWORD, Version},
    },
};

const STARTED: &str = "nl.schakelpunt.detentions.detention-started.v1";

fn adapter(broker: &str, system: &str) -> Edge {
    Edge::new("probation", broker, |tables, folder| {
        tables["unit"][0]["secret"] = PASSWORD.into();
        tables["folder"]["folder"] = folder.join("says").display().to_string().into();
        for key in ["settle-seconds", "look-seconds"] {
            tables["folder"][key] = 0.into();
        }
        let messages = format!(
            r#"
            [system]
            url = "{system}/messages"
            body = "{{zaak: .subject, soort: .type, wie: .data.person.identity.surname}}"
            oauth = {{ token-url = "{system}/token", client-id = "schakelpunt", client-secret = "only-in-tests", scope = "messages" }}
            "#
        );
        tables["messages"] = toml::Value::Table(toml::from_str(&messages).unwrap());
    })
}

#[tokio::test]
async fn a_notice_reaches_the_system_and_what_it_says_reaches_the_chain() {
    let database = Database::fresh();
    let site = Site::new(Version::Three.addresses().unwrap(), &database, None);
    let _hub = site.serve().await;
    let state = Arc::new(Mutex::new(Behind::default()));
    let system = behind_oauth(Arc::clone(&state)).await;
    let edge = adapter(&site.amqp("guest", "guest"), &system.address);
    let running = edge.start().await;

    let file = site.file("started.json", &event(STARTED, PRISON_SOURCE, "D-1", "s-1", 1, &admission("Zilvermeeuw")));
    assert_eq!(site.run(&["publish", "--as", PRISON, &file]).await.0, 0);
    edge.until("the message in the system", || !state.lock().unwrap().taken.is_empty()).await;
    {
        let state = state.lock().unwrap();
        assert_eq!((state.tokens, &state.mistakes), (2, &Vec::<String>::new()), "the first token was withdrawn");
        let expected = json!({ "zaak": "D-1", "soort": STARTED, "wie": "Zilvermeeuw" });
        assert_eq!(state.taken.iter().map(|(_, body)| body).collect::<Vec<_>>(), [&expected]);
    }

    let says = edge.path(&format!("says/{UNIT}"));
    let supervision = json!({ "from": day(0), "unit": UNIT, "contact": "Afdeling toezicht" });
    let assigned = json!({ "event": "probation-unit-assigned", "detention": "D-1", "data": { "supervision": { "unit": UNIT } } });
    let started = json!({ "event": "supervision-started", "detention": "D-1", "data": { "supervision": supervision } });
    fs::write(says.join("two.json"), json!([assigned, started]).to_string()).unwrap();
    fs::write(says.join("wrong.json"), json!([assigned, { "event": "detention-started", "detention": "D-1", "data": {} }]).to_string())
        .unwrap();
    edge.until("both files", || {
        !edge.files(&format!("says/{UNIT}/done")).is_empty() && !edge.files(&format!("says/{UNIT}/held")).is_empty()
    })
    .await;
    let accepted = || {
        database.sql(
            "select count(*) from messages where source like '%RN0000001000%' and event <> 'delivery-confirmed' and outcome = 'accepted'",
        )
    };
    edge.until("the hub's records", || accepted() == "2").await;
    site.at_rest(Duration::from_secs(60)).await;

    let told = database
        .sql(&format!("select string_agg(event, ' ' order by event) from deliveries where recipient = '{PRISON}' and event like '%-%ed'"));
    assert_eq!(told, "probation-unit-assigned supervision-started");
    let alarms = edge.alarms();
    assert_eq!(alarms.get("BAD_RECORD"), Some(&1), "{alarms:?}");
    running.kill().await;
}
