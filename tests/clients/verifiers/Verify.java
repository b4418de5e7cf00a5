import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Verify SECRET ID TIMESTAMP SIGNATURES < BODY: what the official package says, accepted or refused. */
class Verify {
  public static void main(String[] args) throws Exception {
    var body = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    var headers = Map.of("webhook-id", List.of(args[1]), "webhook-timestamp", List.of(args[2]), "webhook-signature", List.of(args[3]));
    try {
      new Webhook(args[0]).verify(body, headers);
      System.out.println("accepted");
    } catch (WebhookVerificationException e) {
      System.out.println("refused");
    }
  }
}
