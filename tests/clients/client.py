"""What a back end and its users do, by the generated client; prints what came of it."""

import io
import json
import sys

from hongyan import AuthenticatedClient, Client
from hongyan.api.v1 import conversations, message_history, mint_token, read_file, send_message, upload_file
from hongyan.models import FileContent, GivenUserPlace, NewFile, NewToken, SendAs, SendAsKind
from hongyan.types import File

url, key = sys.argv[1:]
to = GivenUserPlace(user_id="2")


def client_with(secret):
    return AuthenticatedClient(base_url=url, token=secret, raise_on_unexpected_status=True)


def user(user_id):
    return client_with(mint_token.sync(client=client_with(key), body=NewToken(user_id=user_id)).token)


one, two = user("1"), user("2")
send_message.sync(client=one, body=SendAs(to=to, client_msg_id="t1", content="大雁南飞"))
poem = File(payload=io.BytesIO("雁字回时".encode()), file_name="词.txt")
uploaded = upload_file.sync(client=one, body=NewFile(file=poem))
content = FileContent(file_id=uploaded.file_id).to_dict()
send_message.sync(
    client=one, body=SendAs(to=to, client_msg_id="t5", kind=SendAsKind.FILE, content=content)
)

messages = message_history.sync(client=two, peer="1").messages
file = read_file.sync(uploaded.file_id, client=two)
taken = send_message.sync(client=one, body=SendAs(to=to, client_msg_id="t1", content="另一条"))
stranger = conversations.sync(client=Client(base_url=url))
print(
    json.dumps(
        {
            "messages": [[message.seq, message.kind.value] for message in messages],
            "text": messages[0].content,
            "file": [uploaded.name, file.payload.read().decode()],
            "problems": [taken.title, stranger.title],
        }
    )
)
