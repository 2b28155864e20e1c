//! A municipality with a desk that reads files, a case system that is down in the wrong moment, and desks for debts and housing.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;

use crate::{
    adapters::{
        edge::Edge,
        systems::{CLIENT, Cases, Failure, SECRET, case_system},
    },
    end_to_end::{
        messages::{PRISON, PRISON_SOURCE, admission, event, now},
        process::Site,
    },
    parts::{
        postgres::Database,
        rabbitmq::{PASSWORD, Version},
    },
};

const STARTED: &str = "nl.schakelpunt.detentions.detention-started.v1";
const SCREENED: &str = "nl.schakelpunt.plans.screening-completed.v1";

fn adapter(broker: &str, case_system: &str) -> Edge {
    Edge::new("municipality", broker, |tables, folder| {
        let path = |name: &str| toml::Value::from(folder.join(name).display().to_string());
        tables["secret"] = PASSWORD.into();
        tables["folder"]["folder"] = path("says");
        for key in ["settle-seconds", "look-seconds"] {
            tables["folder"][key] = 0.into();
        }
        let messages = tables["messages"].as_table_mut().unwrap();
        messages.remove("webhook");
        messages.remove("door");
        messages["folder"] = path("messages");
        messages["zgw"]["zaken"] = format!("{case_system}/zaken/api/v1/").into();
        messages["zgw"]["client-id"] = CLIENT.into();
        messages["zgw"]["secret"] = SECRET.into();
        for desk in tables["desk"].as_array_mut().unwrap() {
            let role = desk["role"].as_str().unwrap().to_owned();
            desk["folder"] = path(&role);
        }
    })
}

#[tokio::test]
async fn a_notice_becomes_a_file_and_a_case_and_the_answer_reaches_the_prison() {
    let database = Database::fresh();
    let site = Site::new(Version::Three.addresses().unwrap(), &database, None);
    let _hub = site.serve().await;
    // answers are lost, the role fails: whatever was made before is found again, and nothing is made twice
    let failing = [
        ("zaken", vec![Failure::BadUrl, Failure::AnswerLost]),
        ("rollen", vec![Failure::Down, Failure::AnswerLost]),
        ("statussen", vec![Failure::AnswerLost]),
    ];
    let cases = Arc::new(Mutex::new(Cases { failing: failing.into(), ..Cases::default() }));
    let system = case_system(Arc::clone(&cases)).await;
    let edge = adapter(&site.amqp("guest", "guest"), &system.address);
    let running = edge.start().await;

    publish(&site, "started.json", &event(STARTED, PRISON_SOURCE, "D-1", "s-1", 1, &admission("Zilvermeeuw"))).await;
    let complete = || cases.lock().unwrap().made.iter().any(|(kind, _)| *kind == "statussen");
    edge.until("the case", complete).await;
    edge.until("the readable file", || !edge.files("messages").is_empty()).await;
    running.kill().await;

    {
        let cases = cases.lock().unwrap();
        assert_eq!(cases.mistakes, Vec::<String>::new());
        let kinds: Vec<&str> = cases.made.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, ["zaken", "rollen", "statussen"]);
        assert_eq!(cases.made[1].1["betrokkeneIdentificatie"]["geslachtsnaam"], "Zilvermeeuw");
    }
    let files = edge.files("messages");
    let [(name, text)] = files.iter().collect::<Vec<_>>()[..] else { panic!("one file: {files:?}") };
    assert!(name.contains("detention-started") && !name.contains("Zilvermeeuw"), "{name}");
    assert!(text.contains("achternaam: Zilvermeeuw") && text.contains("Grondslag: pm-20d-2"), "{text}");
    assert_eq!(edge.alarms(), [("NOT_HANDED_ON".to_owned(), 1)].into(), "once, however often it was tried");

    // after the crash: the town hall answers, and each desk gets what concerns it
    let running = edge.start().await;
    let screened =
        json!({ "conditions": { "DEBT": { "status": "MISSING" }, "HOUSING": { "status": "IN_ORDER" } }, "care": { "needed": false } });
    publish(&site, "screened.json", &event(SCREENED, PRISON_SOURCE, "D-1", "s-2", 2, &screened)).await;
    edge.until("the extract for debts", || !edge.files("schuldhulpverlener").is_empty()).await;
    let visit = json!({ "event": "first-visit-planned", "detention": "D-1", "data": { "visit": { "at": now(), "place": "INSIDE" } } });
    fs::write(edge.path("says/visit.json"), visit.to_string()).unwrap();
    edge.until("the file that was taken", || !edge.files("says/done").is_empty()).await;
    site.at_rest(Duration::from_secs(60)).await;
    edge.until("the confirmations", || received(&database) == 2).await;

    let debts = edge.files("schuldhulpverlener");
    let text = debts.values().next().unwrap();
    assert!(text.contains("(DEBT): MISSING") && !text.contains("HOUSING"), "{text}");
    assert!(edge.files("woonconsulent").is_empty(), "what is in order concerns no desk");
    let told = database.sql(&format!("select count(*) from deliveries where recipient = '{PRISON}' and event = 'first-visit-planned'"));
    assert_eq!(told, "1");
    assert_eq!(cases.lock().unwrap().made.len(), 3, "no second case for a message that was handed on");
    running.kill().await;
}

/// What the municipality has confirmed.
fn received(database: &Database) -> usize {
    database.sql("select count(*) from messages where event = 'delivery-confirmed' and source like '%GM0193%'").parse().unwrap()
}

async fn publish(site: &Site, name: &str, event: &[u8]) {
    let file = site.file(name, event);
    assert_eq!(site.run(&["publish", "--as", PRISON, &file]).await.0, 0);
}
