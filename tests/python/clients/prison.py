"""A prison offers an admission notice, and keeps it until the hub has said what became of it. Needs pika 1.3, nothing of ours."""
import json, os, uuid
from datetime import UTC, date, datetime
from pathlib import Path
import pika

ME, SOURCE = "pi-zwolle", "urn:nld:oin:00000099PI0000025000:systeem:registratie"
INBOX, OUTBOX = Path("inbox"), Path("outbox")
for folder in (INBOX, OUTBOX):
    folder.mkdir(exist_ok=True)

detention = str(uuid.uuid4())  # the prison's own reference: it says nothing of anybody
event = {
    "specversion": "1.0", "id": str(uuid.uuid4()), "source": SOURCE, "type": "nl.schakelpunt.detentions.detention-started.v1",
    "time": datetime.now(UTC).isoformat(), "subject": detention, "partitionkey": detention, "sequence": f"{1:020}",
    "datacontenttype": "application/json", "data": {
        "person": {"identity": {"surname": "Populier", "givenNames": "Tess", "birthDate": "1980-02-02", "bsn": "999900134"}},
        "detention": {"start": date.today().isoformat(), "title": "SENTENCE"},
        "residence": {"candidates": [{"source": "BRP_AT_START", "municipality": "0193", "kind": "HOME"}]},
    },
}
(OUTBOX / f"{event['id']}.json").write_text(json.dumps(event))  # written down first: whatever goes wrong, the same bytes go again

channel = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"])).channel()
channel.confirm_delivery()  # publishing fails unless the broker has the message safe
for body in [file.read_bytes() for file in OUTBOX.iterdir()]:
    properties = {"content_type": "application/cloudevents+json", "delivery_mode": 2, "headers": {"partitionkey": json.loads(body)["subject"]}}
    channel.basic_publish("schakelpunt.in", f"{ME}.detention-started", body, pika.BasicProperties(**properties), mandatory=True)
for method, _, body in channel.consume(f"inbox.{ME}"):
    told = json.loads(body)
    (INBOX / f"{told['id']}.json").write_bytes(body)  # stored first, acknowledged last; a repeat has the same id
    name = told["type"].split(".")[-2]
    if name in ("message-accepted", "message-refused", "message-rejected"):  # a receipt, with what is wrong
        for message in told["data"].get("messages") or [told["data"].get("message", {})]:
            print(name, message.get("id"), told["data"].get("code", ""))
            (OUTBOX / f"{message.get('id')}.json").unlink(missing_ok=True)
    channel.basic_ack(method.delivery_tag)
    if not any(OUTBOX.iterdir()):
        break  # leave this out, and it goes on listening
