/// The checker: asks the business, and then WeChat, before what users write is stored (contract, section 8).
/// What is to be checked afterwards it marks, and tells the moderator of. What nobody is to be asked about
/// goes on to persistence at once.
///
/// A line for each sender and conversation: of what waits in it one is asked about at a time, so that
/// messages are stored in the order sent.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/shard.hpp"
#include "core/chat/check.hpp"
#include "core/chat/word_list.hpp"
#include "core/metrics.hpp"
#include "core/tools/current.hpp"
#include "webhooks/signature.hpp"

#include <deque>
#include <functional>
#include <string>
#include <unordered_map>

namespace hongyan {

/// What it needs. Outlives it.
struct checker_env {
  std::string url{}; ///< of the hook; empty: there is none
  std::size_t concurrency = 64;
  bool denies_on_failure = true;
  const current<webhooks::secrets_by_name>& secrets;
  std::string secret; ///< the name of its own among them
  content_rules rules{};
  const current<word_list>& words;
  const limits& bounds;
  flow& admitted;
  metrics& figures;
};

class checker final : public pinned<persistence_actor::base> {
public:
  /// `asker` and `posts`, which is its own, are for the hook. `wechat` null: nobody is asked but our own
  /// list.
  checker(caf::actor_config& config, const checker_env& env, persistence_actor persistence, asker_actor asker,
          std::shared_ptr<webhooks::poster> posts, wechat_actor wechat, moderator_actor moderator);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  using append_promise = caf::typed_response_promise<append_answer>;
  using change_promise = caf::typed_response_promise<change_answer>;
  /// Told what the business says; an error says why it may not be.
  using when_judged = std::function<void(result<check_verdict>)>;
  /// Told what a content check says; nothing: nobody has anything to say of it. An error says why it may not
  /// be.
  using when_checked = std::function<void(result<std::optional<content_verdict>>)>;
  /// Told of both.
  using when_allowed = std::function<void(result<check_verdict>, std::optional<content_verdict>)>;

  append_promise append(new_message&& m);
  change_promise change_it(change&& what);
  /// Asks persistence whether it would be stored, and whether it was: then nobody else is asked.
  template <class Answer, class Atom, class What>
  void probe(const std::string& line, Atom atom, const What& what,
             caf::typed_response_promise<Answer> answer_to, std::function<void()> judge_it);
  void judge(const std::string& line, std::shared_ptr<new_message> m, append_promise answer_to);
  void judge(const std::string& line, const check_question& question, std::shared_ptr<change> what,
             change_promise answer_to);
  /// Whether its content is checked before it is stored, or once it is.
  bool checks_before(const check_question& question) const;
  bool is_checked_later(const check_question& question) const;
  /// Has it stored, and what waits in it checked.
  void append_on(new_message&& m, append_promise answer_to);
  /// Asks the business, and then has looked at what may be stored by its answer.
  void ask_all(check_question question, when_allowed then);
  void ask(check_question question, when_judged then);
  void check_content(const check_question& question, const std::string& content, when_checked then);
  result<std::optional<content_verdict>> content_of(const content_answer& answer) const;
  result<check_verdict> verdict_of(const webhooks::posted& answer, const check_question& question);
  result<check_verdict> failed(std::string_view why);
  /// `work` begins when all before it in the line is over, and calls next() when it is.
  void in_line(const std::string& line, std::function<void()> work);
  void next(const std::string& line);
  void begin(const std::string& line);

  const checker_env& env_;
  persistence_actor persistence_;
  asker_actor asker_;
  std::shared_ptr<webhooks::poster> posts_;
  wechat_actor wechat_;
  moderator_actor moderator_;
  std::unordered_map<std::string, std::deque<std::function<void()>>> lines_; ///< the first is under way
  std::deque<std::string> ready_; ///< lines whose first is to begin
  std::size_t asked_ = 0;         ///< and not answered yet
};

} // namespace hongyan
