//! The semantic tier: what every bus does.

use std::{collections::BTreeMap, time::Duration};

use schakelpunt_engine::{
    model::Room,
    ports::{BusError, Published},
};

use super::rig::{
    Rig, Sample, eventually, id_of, ids, municipality, prison, publish, receipt, receipts, sample_ids, samples, stranger, take, take_intake,
};

const STOP: &str = "schakelpunt.stop";

pub(crate) async fn order_is_kept_per_partition_key(rig: &dyn Rig) {
    let lanes: Vec<Vec<Sample>> = (0..16).map(|lane| samples("detention-started", &format!("d{lane}"), 25)).collect();
    let mixed: Vec<Sample> = (0..25).flat_map(|number| lanes.iter().map(move |lane| lane[number].clone())).collect();
    rig.send(&prison(), &mixed).await;
    let mut of_lane: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for (queue, incoming) in take_intake(rig.bus(), mixed.len()).await {
        let id = id_of(&incoming);
        let (queues, ids) = of_lane.entry(id.split('-').next().unwrap().to_owned()).or_default();
        queues.push(queue);
        ids.push(id);
    }
    for lane in &lanes {
        let (queues, ids) = &of_lane[&lane[0].key];
        assert_eq!(*ids, sample_ids(lane));
        assert!(queues.iter().all(|queue| *queue == queues[0]), "one key, several queues");
    }
    let used: std::collections::BTreeSet<&String> = of_lane.values().map(|(queues, _)| &queues[0]).collect();
    assert!(used.len() > 1, "the load is not spread");
}

pub(crate) async fn settling_takes_exactly_the_prefix(rig: &dyn Rig) {
    let sent = samples("deceased", "d1", 10);
    rig.send(&prison(), &sent).await;
    let mut intake = rig.bus().open(STOP).await.unwrap();
    let batch = take(&mut *intake, 10).await;
    assert_eq!(ids(&batch), sample_ids(&sent));
    assert!(batch.iter().all(|incoming| !incoming.redelivered) && batch.is_sorted_by(|a, b| a.tag < b.tag));
    intake.settle(batch[1].tag).await.unwrap();
    intake.settle(batch[3].tag).await.unwrap();
    drop(intake);
    let mut intake = rig.bus().open(STOP).await.unwrap();
    let again = take(&mut *intake, 6).await;
    assert_eq!(ids(&again), sample_ids(&sent[4..]));
    assert!(again.iter().all(|incoming| incoming.redelivered));
    intake.settle(again[5].tag).await.unwrap();
    // the fence: nothing is left before it
    let fence = Sample { event: "deceased", key: "d1".to_owned(), id: "fence".to_owned() };
    rig.send(&prison(), &[fence]).await;
    assert_eq!(ids(&take(&mut *intake, 1).await), ["fence"]);
}

pub(crate) async fn what_was_not_handed_out_comes_again_too(rig: &dyn Rig) {
    let sent = samples("deceased", "d1", 10);
    rig.send(&prison(), &sent).await;
    let mut intake = rig.bus().open(STOP).await.unwrap();
    let batch = take(&mut *intake, 3).await;
    intake.settle(batch[2].tag).await.unwrap();
    drop(intake);
    let mut intake = rig.bus().open(STOP).await.unwrap();
    assert_eq!(ids(&take(&mut *intake, 7).await), sample_ids(&sent[3..]));
}

pub(crate) async fn a_batch_that_is_given_up_loses_nothing(rig: &dyn Rig) {
    let sent = samples("deceased", "d1", 10);
    let mut intake = rig.bus().open(STOP).await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(200), intake.next_batch(11)).await;
    assert!(given_up.is_err(), "there was nothing to take");
    rig.send(&prison(), &sent).await;
    assert_eq!(ids(&take(&mut *intake, 10).await), sample_ids(&sent));
}

pub(crate) async fn a_tag_that_was_not_handed_out_settles_nothing(rig: &dyn Rig) {
    let sent = samples("deceased", "d1", 4);
    rig.send(&prison(), &sent).await;
    let mut intake = rig.bus().open(STOP).await.unwrap();
    let batch = take(&mut *intake, 2).await;
    for tag in [0, batch[1].tag + 1] {
        assert!(matches!(intake.settle(tag).await, Err(BusError::Refused { .. })), "tag {tag}");
    }
    drop(intake);
    let mut intake = rig.bus().open(STOP).await.unwrap();
    assert_eq!(ids(&take(&mut *intake, 4).await), sample_ids(&sent));
}

pub(crate) async fn the_older_of_two_consumers_reads_alone(rig: &dyn Rig) {
    let mut first = rig.bus().open(STOP).await.unwrap();
    let mut second = rig.bus().open(STOP).await.unwrap();
    let sent = samples("deceased", "d1", 5);
    rig.send(&prison(), &sent).await;
    assert_eq!(ids(&take(&mut *first, 5).await), sample_ids(&sent));
    drop(first);
    let batch = take(&mut *second, 5).await;
    assert_eq!(ids(&batch), sample_ids(&sent));
    assert!(batch.iter().all(|incoming| incoming.redelivered));
}

pub(crate) async fn a_queue_that_is_not_there_is_refused(rig: &dyn Rig) {
    assert!(matches!(rig.bus().open("schakelpunt.intake.99").await, Err(BusError::Refused { .. })));
    // and the bus goes on
    rig.send(&prison(), &samples("deceased", "d1", 1)).await;
    take(&mut *rig.bus().open(STOP).await.unwrap(), 1).await;
}

pub(crate) async fn stop_messages_come_twice(rig: &dyn Rig) {
    let events = ["detention-started", "consent-withdrawn", "consent-given", "message-withdrawn", "deceased", "message-corrected"];
    let sent: Vec<Sample> = events.map(|event| Sample { event, key: "d1".to_owned(), id: format!("id-{event}") }).into_iter().collect();
    rig.send(&prison(), &sent).await;
    assert_eq!(rig.bus().queues()[0], STOP);
    let stops = take(&mut *rig.bus().open(STOP).await.unwrap(), 3).await;
    assert_eq!(ids(&stops), ["id-consent-withdrawn", "id-message-withdrawn", "id-deceased"]);
    let intake: Vec<String> = take_intake(rig.bus(), 6).await.iter().map(|(_, incoming)| id_of(incoming)).collect();
    assert_eq!(intake, sample_ids(&sent));
    assert!(stops.iter().all(|incoming| !incoming.dead));
}

pub(crate) async fn the_sender_is_the_first_word(rig: &dyn Rig) {
    rig.send(&prison(), &samples("deceased", "d1", 1)).await;
    rig.send(&municipality(), &samples("deceased", "d2", 1)).await;
    let batch = take(&mut *rig.bus().open(STOP).await.unwrap(), 2).await;
    let senders: Vec<_> = batch.iter().map(|incoming| incoming.sender.clone()).collect();
    assert_eq!(senders, [Some(prison()), Some(municipality())]);
    assert_eq!(batch[0].raw.content_type, "application/cloudevents+json; charset=utf-8");
    assert!(batch[1].raw.headers.contains(&("partitionkey".to_owned(), "d2".to_owned())));
}

pub(crate) async fn a_confirmed_message_arrives_whole(rig: &dyn Rig) {
    let sent = receipts(&municipality(), 3);
    let mut reader = rig.read(&municipality()).await;
    let (published, read) = tokio::join!(publish(rig.bus(), &sent), async {
        let read = [reader.next().await, reader.next().await, reader.next().await];
        reader.ack().await;
        read
    });
    assert_eq!(published, [Published::Confirmed; 3]);
    for (sent, read) in sent.iter().zip(read) {
        assert_eq!((sent.id.as_str(), &sent.ty, &sent.bytes, false), (read.id.as_str(), &read.ty, &read.bytes, read.redelivered));
    }
}

pub(crate) async fn what_has_no_inbox_is_not_a_success(rig: &dyn Rig) {
    // many at once: the answers of the broker come in bundles and not in order
    let mut sent = receipts(&municipality(), 600);
    for lost in sent.iter_mut().step_by(3) {
        lost.to = stranger();
    }
    let mut reader = rig.read(&municipality()).await;
    let (published, ()) = tokio::join!(publish(rig.bus(), &sent), async {
        for _ in 0..400 {
            reader.next().await;
            reader.ack().await;
        }
    });
    let expected = |lost: bool| if lost { Published::Unroutable } else { Published::Confirmed };
    assert_eq!(published, (0..600).map(|number| expected(number % 3 == 0)).collect::<Vec<_>>());
    assert_eq!(rig.bus().room(&stranger(), 5).await.unwrap(), Room { count: 1, consent: false });
}

pub(crate) async fn an_unacknowledged_message_goes_to_the_next_consumer(rig: &dyn Rig) {
    let sent = [receipt(&municipality(), "r-1")];
    let mut first = rig.read(&municipality()).await;
    let (published, read) = tokio::join!(publish(rig.bus(), &sent), async {
        let read = first.next().await;
        drop(first);
        let mut second = rig.read(&municipality()).await;
        let again = second.next().await;
        second.ack().await;
        (read, again)
    });
    assert_eq!(published, [Published::Confirmed]);
    assert!(!read.0.redelivered && read.1.redelivered);
    assert_eq!(read.0.id, read.1.id);
}

pub(crate) async fn room_follows_the_inbox(rig: &dyn Rig) {
    let room = async || rig.bus().room(&municipality(), 5).await.unwrap();
    let sent = receipts(&municipality(), 3);
    if rig.keeps_inboxes() {
        assert_eq!(room().await, Room { count: 5, consent: false });
        assert_eq!(publish(rig.bus(), &sent).await, [Published::Confirmed; 3]);
        assert_eq!(room().await, Room { count: 2, consent: false });
        let mut reader = rig.read(&municipality()).await;
        for _ in 0..3 {
            reader.next().await;
        }
        reader.ack().await;
        eventually(Room { count: 5, consent: true }, room).await;
    } else {
        assert_eq!(room().await, Room { count: 0, consent: false });
        assert_eq!(publish(rig.bus(), &sent).await, [Published::NotNow; 3]);
        let mut reader = rig.read(&municipality()).await;
        assert_eq!(room().await, Room { count: 5, consent: true });
        let (published, ()) = tokio::join!(publish(rig.bus(), &sent), async {
            assert_eq!(room().await, Room { count: 2, consent: false });
            for _ in 0..3 {
                reader.next().await;
            }
            reader.ack().await;
        });
        assert_eq!(published, [Published::Confirmed; 3]);
        assert_eq!(room().await, Room { count: 5, consent: true });
    }
}
