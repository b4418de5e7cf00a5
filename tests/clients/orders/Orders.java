import java.sql.DriverManager;

/** Orders URL NAME: a shop that takes orders, NAME-1, NAME-2 and so on, until it is killed: each with its message, in one transaction. */
class Orders {
  public static void main(String[] args) throws Exception {
    try (var connection = DriverManager.getConnection(args[0])) {
      connection.setAutoCommit(false);
      for (int i = 1;; i++) {
        var id = args[1] + "-" + i;
        System.out.println("begun " + id);
        try (var insert = connection.prepareStatement("INSERT INTO orders (id) VALUES (?)")) {
          insert.setString(1, id);
          insert.executeUpdate();
        }
        // There is more to an order.
        try (var more = connection.createStatement()) {
          more.execute("SELECT pg_sleep(random() * 0.01)");
        }
        try (var send = connection.prepareStatement("SELECT hongyan.send(?, ?, ?, ?::jsonb, ?)")) {
          send.setString(1, "shop");
          send.setString(2, "buyer");
          send.setString(3, "custom");
          send.setString(4, "{\"type\": \"order\", \"id\": \"" + id + "\"}");
          send.setString(5, id);
          send.execute();
        }
        try (var more = connection.createStatement()) {
          more.execute("SELECT pg_sleep(random() * 0.01)");
        }
        connection.commit();
        System.out.println("committed " + id);
      }
    }
  }
}
