#include "persistence/postgres/writer.hpp"

#include "core/tools/random.hpp"
#include "persistence/append_rules.hpp"
#include "persistence/postgres/files.hpp"
#include "persistence/postgres/index_keeper.hpp"
#include "persistence/postgres/rules.hpp"
#include "persistence/postgres/transaction.hpp"
#include "persistence/postgres/writer_session.hpp"
#include "persistence/postgres/writer_sql.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace hongyan::postgres {

namespace {

std::vector<named_statement> writer_statements() {
  std::vector<named_statement> list{{"conversations", conversations_sql},
                                    {"make_conversations", make_conversations_sql},
                                    {"groups", groups_sql},
                                    {"append", append_statement(false)},
                                    {"append_extras", append_statement(true)},
                                    {"find_repeats", find_repeats_sql},
                                    {"give_up", give_up_sql},
                                    {"read_mark", read_mark_sql},
                                    {"mark_read", mark_read_sql},
                                    {"confirm", confirm_sql}};
  const auto& of_transactions = transaction_statements();
  list.insert(list.end(), of_transactions.begin(), of_transactions.end());
  return list;
}

/// A batch on its way.
struct sending {
  sending(std::span<const new_message> messages, wall_time now) : batch(messages.size(), now) {
    names.reserve(messages.size());
    tokens.reserve(messages.size());
    for (const new_message& message : messages) {
      names.push_back(conversation_name(message));
      tokens.push_back(index_text(message.kind, message.content));
    }
  }

  send_batch batch;
  std::vector<std::string> names;  ///< of each message, its conversation; see conversation_name()
  std::vector<std::string> tokens; ///< of each message, for the search
  /// The conversations that were learned for this batch: what they forbid is forbidden.
  std::unordered_set<std::string> learned;
  row_places at{}; ///< of what is sent to the server
};

/// The outcomes of the rows from what append_sql, or the mark of it, says; the mark does not know
/// `previous_at_ms`.
void take(sending& work, const std::vector<std::int64_t>& ids, const std::vector<std::int64_t>& last_seqs,
          const std::vector<std::int64_t>& previous_at_ms = {}) {
  std::vector<wall_time> previous_at(work.at.conversation_ids.size());
  for (std::size_t at = 0; at < previous_at_ms.size(); ++at) previous_at.at(at) = from_ms(previous_at_ms[at]);
  const auto& rows = work.batch.rows();
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto at = static_cast<std::size_t>(work.at.places[row] - 1);
    work.batch.stored(rows[row]) = {.id = ids.at(row),
                                    .conversation_id = work.at.conversation_ids[at],
                                    .seq = last_seqs.at(at) - work.at.later[row],
                                    .created_at = work.batch.now(),
                                    .previous_at = std::exchange(previous_at[at], work.batch.now()),
                                    .audience = work.at.audiences[at]};
  }
}

class writer final : public message_writer {
public:
  explicit writer(const std::shared_ptr<hosts>& database)
      : writer_(static_cast<std::int64_t>(random_number()))
      , session_(database, writer_statements(), [this] { known_.clear(); })
      , index_keeper_(*database) {}

  result<std::vector<append_outcome>> append(std::span<const new_message> batch, wall_time now) override {
    if (pending_) return error{errc::outcome_unknown, "the batch before this one has not been settled"};
    if (batch.empty()) return std::vector<append_outcome>{};

    known_.make_room();
    sending work(batch, now);
    error last;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
      if (auto ready = session_.ready(); !ready) return ready.error();
      if (auto decided = decide(batch, work); !decided) return session_.give_up(decided.error());
      if (work.batch.rows().empty()) {
        if (auto theirs = confirm_repeats(work); !theirs) return session_.give_up(theirs.error());
        return std::move(work.batch).finish(batch);
      }

      fill(batch, work);
      const bool with_extras = add_extras(batch, work.batch.rows());
      auto answer = connection_.run(with_extras ? "append_extras" : "append", parameters_, write_limit);
      if (!answer && answer.error().lost) {
        pending_ = std::move(work);
        return error{errc::outcome_unknown, session_.explained(answer.error())};
      }
      if (!answer) {
        const std::string& state = answer.error().state;
        last = unavailable(answer.error());
        if (!is_race(state) && state != outdated_state) return session_.give_up(answer.error());
        // All is decided anew, what was refused too.
        for (const std::size_t i : work.batch.rows()) known_.forget(work.names[i]);
        work.learned.clear();
        work.batch.reopen();
      } else if (answer->boolean(0, 0)) {
        last = {errc::unavailable, "PostgreSQL changed its mind about what is stored"};
        if (auto found = find_repeats(batch, work.batch.rows(), work); !found)
          return session_.give_up(found.error());
      } else {
        take(work, answer->bigints(0, 1), answer->bigints(0, 2), answer->bigints(0, 3));
        std::size_t bytes = 0;
        for (const std::size_t i : work.batch.rows()) bytes += batch[i].content.size();
        index_keeper_.count(bytes);
        note_committed(work);
        return std::move(work.batch).finish(batch);
      }
    }
    return last;
  }

  result<std::optional<std::vector<append_outcome>>> settle(std::span<const new_message> batch) override {
    if (!pending_) return error{errc::internal, "there is no batch to settle"};
    if (auto opened = session_.open(); !opened) return opened.error();
    parameters_.clear();
    parameters_.add(writer_);
    parameters_.add(batch_number_);
    // Two statements, because the second must see what the first has waited for. That is also the standby,
    // even when the mark is there already: its row is locked, which makes a transaction of it whose end is
    // replicated.
    if (auto given_up = connection_.run("give_up", parameters_, write_limit); !given_up)
      return session_.give_up(given_up.error());
    auto mark = connection_.run("read_mark", parameters_, write_limit);
    if (!mark) return session_.give_up(mark.error());
    if (mark->size() != 1)
      return error{errc::unavailable, "PostgreSQL has lost the mark of the batch; ask again"};

    std::optional<std::vector<append_outcome>> outcomes;
    if (!mark->is_null(0, 0)) {
      take(*pending_, mark->bigints(0, 0), mark->bigints(0, 1));
      note_committed(*pending_);
      outcomes = std::move(pending_->batch).finish(batch);
    }
    pending_.reset();
    return outcomes;
  }

  result<std::vector<std::optional<stored_file>>> find_files(std::span<const file_question> questions,
                                                             wall_time now) override {
    if (auto ready = session_.ready(); !ready) return ready.error();
    add_questions(parameters_, questions, now);
    auto rows = connection_.run("find_files", parameters_, write_limit);
    if (!rows) return session_.give_up(rows.error());
    return read_files(*rows, questions);
  }

  result<std::vector<read_outcome>> mark_read(std::span<const read_mark> marks) override {
    if (marks.empty()) return std::vector<read_outcome>{};
    // Of each user and place the farthest is stored; what the others moved is counted out afterwards.
    std::map<std::string, std::size_t> places;
    std::vector<read_mark> farthest;
    std::vector<std::size_t> asked;
    for (const read_mark& mark : marks) {
      const std::string name = mark.user.text() + (mark.in.is_group() ? "  " : " ") + mark.in.id.text();
      const auto [found, is_new] = places.try_emplace(name, farthest.size());
      if (is_new)
        farthest.push_back(mark);
      else
        farthest[found->second].seq = std::max(farthest[found->second].seq, mark.seq);
      asked.push_back(found->second);
    }

    error last;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
      if (auto opened = session_.open(); !opened) return opened.error();
      fill(farthest);
      auto answer = connection_.run("mark_read", parameters_, write_limit);
      if (answer) return read_outcomes(marks, asked, *answer);
      if (answer.error().lost) return error{errc::outcome_unknown, session_.explained(answer.error())};
      if (!is_race(answer.error().state)) return session_.give_up(answer.error());
      last = unavailable(answer.error());
    }
    return last;
  }

  result<void> transact(const std::function<result<void>(change_transaction&)>& work) override {
    error last;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
      if (auto opened = session_.open(); !opened) return opened.error();
      if (auto begun = connection_.script("BEGIN", write_limit); !begun)
        return session_.give_up(begun.error());
      transaction changes(connection_, parameters_);
      const auto done = work(changes);
      std::optional<pg_error> failure = changes.failure();
      if (done && !failure) {
        auto committed = connection_.script("COMMIT", write_limit);
        if (committed) {
          index_keeper_.count(changes.indexed_bytes());
          return {};
        }
        failure = committed.error();
        if (failure->lost) return error{errc::outcome_unknown, session_.explained(*failure)};
      } else if (!failure || !failure->lost) {
        if (auto undone = connection_.script("ROLLBACK", write_limit); !undone) connection_.close();
      }
      if (!failure) return done.error();
      if (!is_race(failure->state)) return session_.give_up(*failure);
      last = unavailable(*failure);
    }
    return last;
  }

  void remember(std::span<const held_message> delivered) override {
    for (const auto& m : delivered) session_.note_committed(m);
  }

  result<void> check() override { return session_.check(); }
  std::string epoch() const override { return session_.epoch(); }
  store_watch watch() const override { return session_.watch(); }

private:
  void note_committed(const sending& work) {
    for (const std::size_t i : work.batch.rows()) {
      const append_outcome& o = work.batch.outcome(i);
      session_.note_committed({o.conversation_id, o.seq, o.id, o.created_at});
    }
  }

  /// What others have stored is there for good? A message that is shown may have been committed by somebody
  /// whose wait for the standby was ended; a commit of our own waits again, where a standby is named.
  pg_outcome<void> confirm_repeats(const sending& work) {
    if (!work.batch.has_repeats()) return {};
    parameters_.clear();
    if (auto done = connection_.run("confirm", parameters_, write_limit); !done) return done.error();
    return {};
  }

  /// Finds out what may be stored, and has been. Conversations that are not known are learned, and made.
  pg_outcome<void> decide(std::span<const new_message> batch, sending& work) {
    const send_batch::rules_of rules = [&](std::size_t i) { return known_.find(work.names[i]); };
    const auto open_messages = [&](auto which) {
      std::vector<std::size_t> found;
      for (std::size_t i = 0; i < batch.size(); ++i)
        if (work.batch.is_open(i) && which(i)) found.push_back(i);
      return found;
    };
    const auto is_old = [&](std::size_t i) { return !work.learned.contains(work.names[i]); };
    const auto is_refused = [&](std::size_t i) {
      return verdict(batch[i], rules(i)) != append_status::stored;
    };

    const auto unknown = open_messages([&](std::size_t i) { return rules(i) == nullptr && is_old(i); });
    if (auto learned = learn(batch, unknown, work); !learned) return learned.error();
    // Nobody is refused on what was learned before they came.
    const auto doubtful = open_messages([&](std::size_t i) { return is_refused(i) && is_old(i); });
    if (auto learned = learn(batch, doubtful, work); !learned) return learned.error();
    // What was stored once is told as such, whatever is forbidden since.
    if (auto found = find_repeats(batch, open_messages(is_refused), work); !found) return found.error();
    work.batch.decide(batch, rules);
    work.at = place_rows(work.batch.rows(), rules);
    return {};
  }

  /// Learns, anew, the conversations of these messages.
  pg_outcome<void> learn(std::span<const new_message> batch, const std::vector<std::size_t>& messages,
                         sending& work) {
    std::vector<std::pair<std::string_view, std::string_view>> pairs;
    std::vector<std::string_view> groups;
    for (const std::size_t i : messages) {
      if (!work.learned.insert(work.names[i]).second) continue;
      known_.forget(work.names[i]);
      if (batch[i].to.is_group())
        groups.push_back(batch[i].to.id.text());
      else
        pairs.push_back(conversation_key(batch[i].from, batch[i].to.id));
    }
    if (!pairs.empty())
      if (auto learned = learn_pairs(pairs); !learned) return learned.error();
    if (!groups.empty())
      if (auto learned = learn_groups(groups); !learned) return learned.error();
    return {};
  }

  pg_outcome<void> learn_pairs(std::vector<std::pair<std::string_view, std::string_view>>& pairs) {
    std::ranges::sort(pairs);
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    if (auto found = find_pairs(pairs); !found) return found.error();
    if (pairs.empty()) return {};
    // What is made is known once it is committed: see rules.hpp.
    fill(pairs);
    if (auto made = connection_.run("make_conversations", parameters_, write_limit); !made)
      return made.error();
    if (auto found = find_pairs(pairs); !found) return found.error();
    if (!pairs.empty()) return pg_error{"PostgreSQL has not made a conversation", {}, false};
    return {};
  }

  using pair_keys = std::vector<std::pair<std::string_view, std::string_view>>;

  void fill(const pair_keys& pairs) {
    parameters_.clear();
    add_texts(parameters_, pairs, [](const auto& pair) { return pair.first; });
    add_texts(parameters_, pairs, [](const auto& pair) { return pair.second; });
  }

  /// Learns those that there are; leaves the others.
  pg_outcome<void> find_pairs(pair_keys& pairs) {
    fill(pairs);
    auto found = connection_.run("conversations", parameters_, write_limit);
    if (!found) return found.error();
    for (int row = 0; row < found->size(); ++row) {
      const auto low = found->text(row, 0), high = found->text(row, 1);
      known_.learn(std::string(low).append(1, ' ').append(high), {.id = found->bigint(row, 2),
                                                                  .version = found->bigint(row, 3),
                                                                  .low_blocks = found->boolean(row, 4),
                                                                  .high_blocks = found->boolean(row, 5)});
    }
    std::erase_if(pairs, [this](const auto& pair) {
      return known_.find(std::string(pair.first).append(1, ' ').append(pair.second)) != nullptr;
    });
    return {};
  }

  pg_outcome<void> learn_groups(std::vector<std::string_view>& groups) {
    std::ranges::sort(groups);
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    parameters_.clear();
    add_texts(parameters_, groups, [](std::string_view id) { return id; });
    auto found = connection_.run("groups", parameters_, write_limit);
    if (!found) return found.error();
    for (int row = 0; row < found->size(); ++row) {
      auto members = std::make_shared<std::vector<user_id>>();
      members->reserve(found->text(row, 5).size());
      std::string_view users = found->text(row, 4);
      while (!users.empty()) {
        const std::string_view user = users.substr(0, users.find(' '));
        members->push_back(stored_user(user));
        users.remove_prefix(std::min(user.size() + 1, users.size()));
      }
      known_.learn(' ' + std::string(found->text(row, 0)), {.id = found->bigint(row, 1),
                                                            .version = found->bigint(row, 2),
                                                            .muted = found->boolean(row, 3),
                                                            .members = std::move(members),
                                                            .roles = std::string(found->text(row, 5))});
    }
    return {};
  }

  /// The parameters of append_sql.
  void fill(std::span<const new_message> batch, const sending& work) {
    const auto& rows = work.batch.rows();
    parameters_.clear();
    parameters_.add(work.at.conversation_ids);
    parameters_.add(work.at.versions);
    parameters_.add(work.at.counts);
    parameters_.add(to_ms(work.batch.now()));
    parameters_.add(writer_);
    parameters_.add(++batch_number_);
    parameters_.add(work.at.places);
    parameters_.add(work.at.later);
    const auto texts = [&](auto value_of) {
      add_texts(parameters_, rows, [&](std::size_t i) -> std::string_view { return value_of(batch[i]); });
    };
    /// `find` answers a string or nullptr.
    const auto optional_texts = [&](auto find) {
      if (std::ranges::none_of(rows, [&](std::size_t i) { return find(i) != nullptr; }))
        return parameters_.add_null(); // unnest() makes it a column of NULLs
      parameters_.begin_texts(rows.size());
      for (const std::size_t i : rows)
        if (const auto* value = find(i))
          parameters_.element(*value);
        else
          parameters_.null_element();
    };
    const auto value_of = [&](std::optional<std::string> new_message::*member) {
      return [&batch, member](std::size_t i) { return (batch[i].*member) ? &*(batch[i].*member) : nullptr; };
    };
    texts([](const new_message& m) { return std::string_view(m.from.text()); });
    optional_texts([&](std::size_t i) { return batch[i].to.is_group() ? nullptr : &batch[i].to.id.text(); });
    optional_texts(value_of(&new_message::from_name));
    optional_texts(value_of(&new_message::to_name));
    fill_kinds(batch, work);
    texts([](const new_message& m) { return std::string_view(m.content); });
    optional_texts(value_of(&new_message::ext));
    optional_texts(value_of(&new_message::client_msg_id));
    optional_texts([&](std::size_t i) { return work.tokens[i].empty() ? nullptr : &work.tokens[i]; });
  }

  /// The last parameters of append_statement(true). False: no message has anything for it.
  bool add_extras(std::span<const new_message> batch, const std::vector<std::size_t>& rows) {
    const auto has_some = [&](std::size_t i) {
      return batch[i].attached || batch[i].called || batch[i].stream || batch[i].first_content ||
             batch[i].judged || batch[i].notice_after;
    };
    if (std::ranges::none_of(rows, has_some)) return false;
    std::vector<std::string_view> files, users, told;
    std::vector<const stream_start*> streams;
    std::vector<const content_verdict*> verdicts;
    std::vector<std::int32_t> rows_of_files, rows_of_users, rows_of_streams, rows_of_verdicts, rows_of_told;
    std::chrono::milliseconds notice_after{};
    std::deque<mentions> noted; // whom `told` names
    /// '' for all of them.
    const auto add_users = [](const mentions& whom, std::vector<std::string_view>& to) {
      for (const user_id& user : whom.users) to.emplace_back(user.text());
      if (whom.all) to.emplace_back();
    };
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const auto& attached = batch[rows[row]].attached;
      const auto& called = batch[rows[row]].called;
      const auto number = static_cast<std::int32_t>(row + 1);
      if (attached)
        for (const std::string* id : {&attached->file_id, &attached->preview_id}) {
          if (id->empty()) continue;
          files.emplace_back(*id);
          rows_of_files.push_back(number);
        }
      if (const auto& stream = batch[rows[row]].stream) {
        streams.push_back(stream.get());
        rows_of_streams.push_back(number);
      }
      if (const auto& judged = batch[rows[row]].judged) {
        verdicts.push_back(judged.get());
        rows_of_verdicts.push_back(number);
      }
      if (const auto& after = batch[rows[row]].notice_after) {
        const new_message& m = batch[rows[row]];
        notice_after = *after;
        add_users(noted.emplace_back(noted_for(m.from, m.to, called.get())), told);
        rows_of_told.resize(told.size(), number);
      }
      if (!called) continue;
      add_users(*called, users);
      rows_of_users.resize(users.size(), number);
    }
    add_numbers(parameters_, rows, [&](std::size_t i) { return sent_digest(batch[i]); });
    add_texts(parameters_, files, std::identity());
    parameters_.add(rows_of_files);
    add_texts(parameters_, users, std::identity());
    parameters_.add(rows_of_users);
    add_texts(parameters_, streams, [](const stream_start* s) { return std::string_view(s->id); });
    parameters_.add(rows_of_streams);
    parameters_.begin_texts(streams.size());
    for (const stream_start* s : streams) parameters_.element(to_text(s->by));
    add_texts(parameters_, streams, [](const stream_start* s) { return std::string_view(s->node); });
    parameters_.add(rows_of_verdicts);
    add_numbers(parameters_, verdicts, [](const content_verdict* v) { return v->what; });
    add_numbers(parameters_, verdicts, [](const content_verdict* v) { return v->by; });
    add_numbers(parameters_, verdicts, [](const content_verdict* v) { return v->label.value_or(0); });
    add_texts(parameters_, told, std::identity());
    parameters_.add(rows_of_told);
    parameters_.add(std::int64_t{notice_after.count()});
    return true;
  }

  void fill_kinds(std::span<const new_message> batch, const sending& work) {
    const auto& rows = work.batch.rows();
    std::vector<std::int32_t> kinds;
    kinds.reserve(rows.size());
    for (const std::size_t i : rows) kinds.push_back(static_cast<std::int32_t>(batch[i].kind));
    if (std::ranges::all_of(kinds, [](std::int32_t kind) { return kind == 0; }))
      parameters_.add_null();
    else
      parameters_.add(kinds);
  }

  /// The parameters of mark_read_sql.
  void fill(const std::vector<read_mark>& marks) {
    const auto keys = [&](auto value_of) {
      parameters_.begin_texts(marks.size());
      for (const read_mark& mark : marks) {
        const std::string_view value = value_of(mark);
        if (value.empty())
          parameters_.null_element();
        else
          parameters_.element(value);
      }
    };
    using text = std::string_view;
    parameters_.clear();
    keys([](const read_mark& m) { return text(m.user.text()); });
    keys([](const read_mark& m) {
      return m.in.is_group() ? text() : conversation_key(m.user, m.in.id).first;
    });
    keys([](const read_mark& m) {
      return m.in.is_group() ? text() : conversation_key(m.user, m.in.id).second;
    });
    keys([](const read_mark& m) { return m.in.is_group() ? text(m.in.id.text()) : text(); });
    add_numbers(parameters_, marks, [](const read_mark& m) { return m.seq; });
  }

  /// What became of each mark, as if they had come one after the other. `asked`: for each the row's number,
  /// from 0.
  static std::vector<read_outcome> read_outcomes(std::span<const read_mark> marks,
                                                 const std::vector<std::size_t>& asked, const pg_rows& rows) {
    struct position {
      read_outcome now;
      std::int64_t last_seq = 0;
    };
    std::vector<position> positions(marks.size());
    for (int row = 0; row < rows.size(); ++row)
      positions.at(static_cast<std::size_t>(rows.bigint(row, 0) - 1)) = {
          {.found = true,
           .blocked = rows.boolean(row, 4),
           .conversation_id = rows.bigint(row, 1),
           .seq = rows.bigint(row, 2)},
          rows.bigint(row, 3)};
    std::vector<read_outcome> outcomes;
    outcomes.reserve(marks.size());
    for (std::size_t i = 0; i < marks.size(); ++i) {
      auto& [now, last_seq] = positions[asked[i]];
      const std::int64_t seq = std::min(marks[i].seq, last_seq);
      now.moved = now.found && !now.blocked && seq > now.seq;
      if (now.moved) now.seq = seq;
      outcomes.push_back(now);
    }
    return outcomes;
  }

  /// Looks up which of these messages are stored already.
  pg_outcome<void> find_repeats(std::span<const new_message> batch, const std::vector<std::size_t>& messages,
                                sending& work) {
    std::vector<std::size_t> asked;
    for (const std::size_t i : messages)
      if (batch[i].client_msg_id) asked.push_back(i);
    if (asked.empty()) return {};
    parameters_.clear();
    add_texts(parameters_, asked, [&](std::size_t i) -> std::string_view { return batch[i].from.text(); });
    add_texts(parameters_, asked, [&](std::size_t i) -> std::string_view { return *batch[i].client_msg_id; });
    auto found = connection_.run("find_repeats", parameters_, write_limit);
    if (!found) return found.error();
    for (int row = 0; row < found->size(); ++row) {
      const std::size_t i = asked.at(static_cast<std::size_t>(found->bigint(row, 0) - 1));
      auto stored = read_message(*found, row, 2);
      stored.sent_digest = found->bigint(row, 1);
      work.batch.was_stored(i, batch[i], std::move(stored));
    }
    return {};
  }

  const std::int64_t writer_; ///< our row in append_mark
  std::int64_t batch_number_ = 0;
  known_conversations known_;
  writer_session session_;
  pg_connection& connection_ = session_.connection();
  pg_parameters parameters_;
  /// The batch with the number batch_number_, whose outcome is unknown.
  std::optional<sending> pending_;
  index_keeper index_keeper_;
};

} // namespace

std::unique_ptr<message_writer> make_writer(std::shared_ptr<hosts> database) {
  return std::make_unique<writer>(database);
}

} // namespace hongyan::postgres
