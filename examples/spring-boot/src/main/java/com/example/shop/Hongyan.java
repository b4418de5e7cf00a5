package com.example.shop;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.HttpStatus;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.stereotype.Component;
import org.springframework.web.client.RestClient;
import org.springframework.web.server.ResponseStatusException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a back end asks of Hongyan, and what it hears. */
@Component
class Hongyan {
  private final RestClient http;
  private final Webhook webhook;
  private final JsonMapper json;

  Hongyan(@Value("${hongyan.url}") String url, @Value("${hongyan.api-key}") String apiKey,
      @Value("${hongyan.webhook-secret}") String webhookSecret, JsonMapper json) {
    var requests = new JdkClientHttpRequestFactory(HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build());
    requests.setReadTimeout(Duration.ofSeconds(10));
    http = RestClient.builder().baseUrl(url).requestFactory(requests)
        .defaultHeader("Authorization", "Bearer " + apiKey).build();
    webhook = new Webhook(webhookSecret);
    this.json = json;
  }

  /** A token, good for a day, with which this user's client comes in. Whose client that is you have asked before. */
  String token(String userId) {
    return post("/v1/tokens", Map.of("userId", userId)).get("token").asString();
  }

  /** Returns when the message is stored. Again with the same clientMsgId it is the same message, so it may be repeated. */
  void push(String from, String to, String text, String clientMsgId) {
    post("/v1/messages", Map.of("from", from, "to", Map.of("userId", to), "clientMsgId", clientMsgId, "content", text));
  }

  /** The event in this request, which is answered 401 when it is not from Hongyan. Over the bytes as they came. */
  JsonNode verified(Map<String, List<String>> headers, byte[] body) {
    try {
      webhook.verify(new String(body, UTF_8), headers);
    } catch (WebhookVerificationException e) {
      throw new ResponseStatusException(HttpStatus.UNAUTHORIZED, e.getMessage());
    }
    return json.readTree(body);
  }

  private JsonNode post(String path, Object body) {
    return http.post().uri(path).body(body).retrieve().body(JsonNode.class);
  }
}
