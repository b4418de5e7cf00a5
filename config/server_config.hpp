/// Everything that can be set, as one plain struct: defaults beside the members.
#pragma once

#include "auth/key_files.hpp"
#include "auth/wechat.hpp"
#include "core/bounds/limits.hpp"
#include "core/chat/content_check.hpp"
#include "core/chat/notice.hpp"
#include "core/wire/network.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace hongyan {

/// HOST:PORT as given, split.
struct listen_address {
  std::string host = "127.0.0.1";
  unsigned short port = 8080;

  /// HOST:PORT, an IPv6 host in brackets. Nothing: it is none.
  static std::optional<listen_address> parse(const std::string& text);
  /// `host:port`, with an IPv6 host in brackets.
  std::string text() const;
};

/// files.*: where files go, and how much of them (contract, section 6).
struct file_settings {
  std::string store{}; ///< "dir:PATH", "s3:https://ENDPOINT/BUCKET" or "off"; empty: as the database suggests
  std::size_t max = 20 << 20;            ///< bytes of one
  std::size_t user_day = 200 << 20;      ///< bytes of one user within 24 h
  std::vector<std::string> types{};      ///< that are taken, TYPE/SUBTYPE or TYPE/*; empty: all
  std::chrono::hours unsent{24};         ///< how long one stays that nothing refers to
  std::chrono::seconds url_seconds{600}; ///< how long a link is good
  std::string s3_region = "us-east-1";
  std::string s3_key_file{};
  bool s3_path_style = false;

  bool is_off() const { return store == "off"; }
};

/// A table of [[webhooks]]: who is told of what happens (contract, section 8).
struct webhook_settings {
  std::string name{};                ///< 1 to 64 of A-Z a-z 0-9 _ -; no two have the same
  std::string url{};                 ///< https; http with allow_private alone
  std::string secret_file{};         ///< what posts are signed with: webhooks/signature.hpp
  std::vector<std::string> events{}; ///< types (core/chat/event.hpp) that it is told of; empty: all
  std::size_t concurrency = 8;       ///< posts at once
  std::chrono::days keep_days{7};    ///< how long an event waits for a receiver that is gone
  bool allow_private = false;        ///< addresses of loopback and private networks may be posted to
  bool operator==(const webhook_settings&) const = default;
};

/// Who is asked before what users write is stored (contract, section 8).
struct before_send_settings {
  std::string url{}; ///< empty: nobody
  std::string secret_file{};
  std::chrono::seconds timeout{1};
  std::size_t concurrency = 64;
  bool denies_on_failure = true; ///< without an answer
};

/// What users write that is checked (contract, section 8).
struct moderation_settings {
  content_rules rules{};
  std::string words_file{}; ///< a word a line; empty: none
};

struct server_config {
  listen_address listen;
  std::string database = "sqlite:hongyan.db";
  bool asks_for_tokens = false; ///< --auth token
  auth::key_files keys;
  std::string tls_certificate; ///< PEM file; empty: HTTP in the clear
  std::string tls_key;         ///< PEM file
  auth::wechat_settings wechat;
  bool insecure = false;  ///< allows --auth none where others than this machine can come in
  bool page = true;       ///< GET / is the web chat; else 404
  bool admin_page = true; ///< GET /admin is the operator's page; else 404
  std::vector<std::string> allow_origin;
  std::vector<ip_network> trusted_proxies;
  std::optional<listen_address> cluster_listen; ///< nothing: a node alone
  std::vector<std::string> cluster_join;        ///< HOST:PORT
  std::string cluster_tls_certificate;          ///< PEM files; all three or none
  std::string cluster_tls_key;
  std::string cluster_tls_authority;
  unsigned io_threads = 0; ///< 0: one a core
  std::string node;        ///< empty: host:port

  std::size_t classic_window = 50; ///< chats a classic frame holds
  std::string time_zone;           ///< of createTime; empty: the system's
  std::chrono::seconds drain_timeout{10};
  std::chrono::seconds heartbeat{25};
  std::chrono::seconds recall_window{120}; ///< how old a message may be to be taken back
  std::chrono::seconds edit_window{900};   ///< how old a text may be to be edited; 0: there are no edits
  std::string public_url{}; ///< what clients see of this server, https://HOST; empty: not known
  file_settings files{};
  std::vector<webhook_settings> webhooks{};
  before_send_settings before_send{};
  moderation_settings moderation{};
  std::vector<notice_template> notices{}; ///< [[wechat.subscribe]]
  std::size_t trace_memory = 32 << 20;    ///< bytes of what became of the newest messages; 0: it is not kept
  std::string otlp_url{};                 ///< whom spans are posted to; empty: nobody
  std::chrono::days retention{0};         ///< how long messages are kept; 0: for ever
  bool presence_is_public =
      true; ///< else presence and profiles are for those with whom one has a conversation
  hongyan::limits limits;
  std::string log_level = "info";
};

} // namespace hongyan
