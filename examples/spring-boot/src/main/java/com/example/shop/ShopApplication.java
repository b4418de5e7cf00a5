package com.example.shop;

import jakarta.servlet.http.HttpSession;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.HttpStatus;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** A shop whose buyers chat with it. */
@SpringBootApplication
@RestController
public class ShopApplication {
  private final Hongyan hongyan;

  ShopApplication(Hongyan hongyan) {
    this.hongyan = hongyan;
  }

  public static void main(String[] args) {
    SpringApplication.run(ShopApplication.class, args);
  }

  /** In place of your own login: this one believes everybody. */
  @PostMapping("/login")
  void login(@RequestParam String user, HttpSession session) {
    session.setAttribute("user", user);
  }

  /** What the client's getToken fetches. The user is the one who is logged in here, whatever a client says. */
  @GetMapping("/chat-token")
  String chatToken(HttpSession session) {
    if (!(session.getAttribute("user") instanceof String user)) throw new ResponseStatusException(HttpStatus.UNAUTHORIZED);
    return hongyan.token(user);
  }

  /** In place of what tells you of a payment. Told twice, the buyer reads of it once. */
  @PostMapping("/orders/{id}/paid")
  void paid(@PathVariable String id, @RequestParam String buyer) {
    hongyan.push("shop", buyer, "订单 " + id + " 已付款", "order-" + id + "-paid");
  }

  /** An event may come twice: what is done with it must bear that, as this answer does by its clientMsgId. */
  @PostMapping("/hook")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  void hook(@RequestHeader MultiValueMap<String, String> headers, @RequestBody byte[] body) {
    var event = hongyan.verified(headers, body);
    var message = event.path("data").path("message");
    if (!event.path("type").asString().equals("message.created") || !message.path("to").path("userId").asString("").equals("shop")) return;
    hongyan.push("shop", message.get("from").asString(), "已收到，马上回复您", "re-" + message.get("id").asLong());
  }
}
