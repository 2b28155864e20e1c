"""A municipality reads its inbox, stores what comes, and confirms each delivery. Needs pika 1.3, nothing of ours."""
import json, os, time, uuid
from datetime import UTC, datetime
from pathlib import Path
import pika

ME, SOURCE = "gemeente-zwolle", "urn:nld:oin:00000099GM0193001000:systeem:nazorg"
INBOX, OUTBOX = Path("inbox"), Path("outbox")
for folder in (INBOX, OUTBOX):
    folder.mkdir(exist_ok=True)
channel = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"])).channel()
channel.confirm_delivery()  # publishing fails unless the broker has the message safe

def confirm(delivery, detention):
    file = OUTBOX / f"{uuid.uuid5(uuid.NAMESPACE_OID, delivery)}.json"
    if not file.exists():  # after a crash the same bytes go again: an id never has others
        now = datetime.now(UTC).isoformat()
        file.write_text(json.dumps({
            "specversion": "1.0", "id": file.stem, "source": SOURCE, "type": "nl.schakelpunt.housekeeping.delivery-confirmed.v1",
            "time": now, "subject": detention, "partitionkey": detention, "sequence": f"{time.time_ns():020}",
            "datacontenttype": "application/json", "data": {"receipt": {"delivery": delivery, "at": now}},
        }))
    properties = {"content_type": "application/cloudevents+json", "delivery_mode": 2, "headers": {"partitionkey": detention}}
    channel.basic_publish("schakelpunt.in", f"{ME}.delivery-confirmed", file.read_bytes(), pika.BasicProperties(**properties), mandatory=True)

for method, _, body in channel.consume(f"inbox.{ME}"):
    told = json.loads(body)
    (INBOX / f"{told['id']}.json").write_bytes(body)  # stored first, acknowledged last; a repeat has the same id
    name = told["type"].split(".")[-2]
    if name in ("message-accepted", "message-refused", "message-rejected"):  # a receipt of what this municipality sent itself
        for message in told["data"].get("messages") or [told["data"].get("message", {})]:
            (OUTBOX / f"{message.get('id')}.json").unlink(missing_ok=True)
    elif "subject" in told:  # a delivery about a case: `data` has what the law lets this municipality know
        print(name, told["legalbasis"], told["purpose"])
        confirm(told["id"], told["subject"])
    channel.basic_ack(method.delivery_tag)
    if name == "message-accepted" and not any(OUTBOX.iterdir()):
        break  # leave this out, and it goes on listening
