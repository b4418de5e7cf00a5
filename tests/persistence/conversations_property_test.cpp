/// Whatever users do, in whatever order: a store does as the store in memory does, and a client that syncs
/// has what it may read. Random, from a seed that a failure prints; HONGYAN_SEED=N runs one again, without a
/// time limit.
#include "core/wire/json.hpp"
#include "persistence/changes.hpp"
#include "persistence/views.hpp"
#include "tests/persistence/store_fixtures.hpp"
#include "tests/support/memory_store.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <sstream>

using namespace hongyan;
using namespace hongyan::testing;
using namespace std::chrono_literals;

namespace {

/// A conversation's name on both sides; ids are each side's own.
std::string label(const user_id& one, const peer_or_group& with) {
  if (with.is_group()) return "#" + with.id.text();
  const auto [low, high] = std::minmax(one.text(), with.id.text());
  return low + "|" + high;
}

std::string ms(wall_time time) { return std::to_string(time.time_since_epoch().count()); }

std::string or_none(const std::optional<std::string>& text) { return text ? "'" + *text + "'" : "none"; }

std::string names(const std::vector<user_id>& users) {
  std::string list;
  for (const user_id& u : users) list += u.text() + " ";
  return list;
}

/// What a device keeps between two resumes.
struct device {
  struct conversation {
    std::int64_t start = 1; ///< the lowest seq it was given
    std::map<std::int64_t, message> messages{};
  };
  std::map<std::int64_t, std::int64_t> positions;
  std::map<std::string, conversation> conversations;

  void take(message m, conversation& into) {
    if (m.kind == message_kind::recall) {
      const auto seq = std::stoll(m.content.substr(m.content.find(':') + 1));
      if (const auto at = into.messages.find(seq); at != into.messages.end()) {
        at->second.content.clear();
        at->second.ext.reset();
        at->second.recalled = true;
      }
    }
    if (m.kind == message_kind::edit) {
      const auto content = *parse_json(m.content);
      const auto at = into.messages.find(content.at("seq").as_int64());
      if (at != into.messages.end() && content.at("content").is_string()) {
        at->second.content = std::string(content.at("content").as_string());
        at->second.kind = message_kind::text; // the stream that it was has ended
      }
    }
    const auto seq = m.seq;
    REQUIRE(into.messages.emplace(seq, std::move(m)).second); // each once
  }
};

/// One of the two stores. Everything it answers is told in words that hold no ids.
class side {
public:
  side(store& of, std::size_t writers) : reader_(of.make_reader()) {
    for (std::size_t i = 0; i < writers; ++i) writers_.push_back(of.make_writer());
    for (auto& writer : writers_) REQUIRE(writer->check().has_value());
  }

  message_reader& reader() { return *reader_; }
  message_writer& writer(std::size_t i) { return *writers_[i % writers_.size()]; }
  device& device_of(const user_id& user) { return devices_[user]; }

  /// Which conversation an id stands for: always the same.
  void met(std::int64_t id, const std::string& name) {
    CHECK(ids_.emplace(name, id).first->second == id);
    CHECK(names_.emplace(id, name).first->second == name);
  }
  std::string name_of(std::int64_t id) { return names_.at(id); }
  std::optional<std::int64_t> id_of(const std::string& name) {
    const auto at = ids_.find(name);
    return at == ids_.end() ? std::nullopt : std::optional(at->second);
  }

  std::string told(const message& m) {
    const auto name = label(m.from, m.to);
    met(m.conversation_id, name);
    CHECK(message_ids_.emplace(std::pair(name, m.seq), m.id).first->second == m.id);
    std::ostringstream out;
    out << "\n  " << name << " " << m.seq << " " << m.from.text() << ">" << m.to.id.text() << " "
        << name_of_kind(m.kind) << " '" << m.content << "' ext " << or_none(m.ext) << " names "
        << or_none(m.from_name) << or_none(m.to_name) << " id " << or_none(m.client_msg_id) << " at "
        << ms(m.created_at) << (m.recalled ? " recalled" : "") << " edits " << m.edits << told(m.reactions);
    return out.str();
  }
  static std::string told(const std::vector<reaction_tally>& tallies) {
    std::string list;
    for (const auto& tally : tallies)
      list += " " + tally.emoji + std::to_string(tally.count) + (tally.mine ? "!" : "");
    return list;
  }
  /// The id that a message has here.
  std::int64_t message_id(const std::string& name, std::int64_t seq) {
    const auto at = message_ids_.find({name, seq});
    return at == message_ids_.end() ? 123'456'789 : at->second;
  }
  std::string told(const std::vector<message>& messages) {
    std::string list;
    for (const message& m : messages) list += told(m);
    return list;
  }
  std::string told(const new_message& m, const append_outcome& o) {
    std::ostringstream out;
    out << "\n  status " << static_cast<int>(o.status);
    if (o.status != append_status::stored && o.status != append_status::duplicate) return out.str();
    const auto name = label(m.from, m.to);
    met(o.conversation_id, name);
    CHECK(message_ids_.emplace(std::pair(name, o.seq), o.id).first->second == o.id);
    out << " " << name << " " << o.seq << " at " << ms(o.created_at);
    if (o.status == append_status::duplicate)
      out << " ext " << or_none(o.ext) << (o.recalled ? " recalled" : "") << " '" << o.content.value_or("-")
          << "' edits " << o.edits << " kind " << static_cast<int>(o.kind);
    if (o.audience) out << " to " << names(*o.audience);
    return out.str();
  }
  std::string told(const user_id& user, const membership& m) {
    const auto name = label(user, m.with);
    met(m.conversation_id, name);
    std::ostringstream out;
    out << "\n " << name << " role " << static_cast<int>(m.role) << " last " << m.last_seq << " at "
        << ms(m.last_at) << " shown " << m.shown_seq << " at " << ms(m.shown_at) << " first " << m.first_seq
        << " read " << m.read_seq << " peer " << (m.peer_read_seq ? std::to_string(*m.peer_read_seq) : "none")
        << (m.pinned ? " pinned" : "") << (m.muted ? " muted" : "");
    return out.str();
  }
  std::string told(const group_info& g) {
    met(g.conversation_id, label({}, peer_or_group::group(g.id)));
    std::ostringstream out;
    out << "\n  group " << g.id.text() << " '" << g.name << "' of " << g.owner.text() << " " << g.member_count
        << (g.muted ? " muted" : "") << " history " << static_cast<int>(g.history) << " at "
        << ms(g.created_at);
    return out.str();
  }
  std::string told(const change_outcome& o) {
    std::string list;
    for (const logged_entry& e : o.entries)
      list += told(e.entry) + (e.audience ? " to " + names(*e.audience) : "");
    if (o.edited) list += "\n edited" + told(*o.edited);
    if (o.reaction)
      list += "\n reaction " + o.reaction->what.user.text() + o.reaction->what.emoji +
              (o.reaction->what.on ? " on to " : " off to ") + names(*o.reaction->audience);
    if (o.stream) {
      list += "\n stream " + o.stream->id + " by " + to_text(o.stream->by) + " touched " +
              ms(o.stream->touched) + " held by " + o.stream->held_by;
      if (o.stream->audience) list += told(o.stream->what) + " to " + names(*o.stream->audience);
    }
    if (o.interrupted)
      list += "\n interrupts " + name_of(o.interrupted->conversation_id) + " " +
              std::to_string(o.interrupted->seq);
    auto files = o.files;
    std::ranges::sort(files);
    for (const auto& id : files) list += "\n due " + id;
    return o.group ? list + told(*o.group) : list;
  }
  static std::string told(const std::optional<stored_file>& f) {
    if (!f) return "\n no file";
    return "\n file " + f->id + " of " + f->owner.text() + " " + std::string(media::name_of(f->kind)) + " " +
           f->mime + " '" + f->name + "' " + std::to_string(f->size) + " at " + ms(f->created_at);
  }

private:
  static std::string_view name_of_kind(message_kind kind) { return hongyan::name_of(kind); }

  std::vector<std::unique_ptr<message_writer>> writers_;
  std::unique_ptr<message_reader> reader_;
  std::map<std::string, std::int64_t> ids_;
  std::map<std::int64_t, std::string> names_;
  std::map<std::pair<std::string, std::int64_t>, std::int64_t> message_ids_;
  std::map<user_id, device> devices_;
};

std::string told(const error& e) { return "error " + std::string(row_of(e.code).name) + ": " + e.detail; }

class comparison {
public:
  comparison(store& real, std::size_t writers, unsigned seed)
      : seed_(seed)
      , random_(seed)
      , model_(model_store_, 1)
      , real_(real, writers) {}

  void run(int steps, std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (; step_ < steps && std::chrono::steady_clock::now() < end; ++step_) {
      now_ += std::chrono::milliseconds(1 + below(below(4) == 0 ? 20'000 : 200));
      one_step();
    }
    for (const user_id& who : users_) compare_all(who);
  }

private:
  using act = std::function<std::string(side&)>;

  // What may happen.

  void one_step() {
    switch (below(30)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5: return send();
    case 6: return recall();
    case 7: return read();
    case 8:
    case 9:
    case 10: return change_group();
    case 11: return below(2) == 0 ? block() : clear();
    case 12: return set();
    case 13:
    case 14: return resume(anyone());
    case 15: return history();
    case 16: return list();
    case 17: return search_words();
    case 18: return latest_ones();
    case 19: return edit();
    case 20:
    case 21: return react();
    case 22: return get();
    case 23:
    case 24:
    case 25: return stream();
    case 26:
    case 27: return upload();
    case 28: return look_at_file();
    default: return below(3) == 0 ? undone() : look();
    }
  }

  new_message anything() {
    if (!sent_.empty() && below(6) == 0) return sent_again();
    static constexpr std::array<std::string_view, 9> words = {
        "wild goose", "goose", "geese", "鸿雁", "鸿雁传书", "Straße 7", "'; --", "ÄÖÜ goose", "雁"};
    new_message m{.from = anyone(), .to = anywhere(), .content = std::string(words[below(words.size())])};
    if (below(3) == 0) m.content += " " + std::to_string(below(30));
    if (below(5) == 0) {
      static constexpr std::array<std::pair<message_kind, std::string_view>, 4> objects = {{
          {message_kind::custom, R"({"goose": 1})"},
          {message_kind::custom, R"({"name": "goose", "goose":2})"},
          {message_kind::file, R"({"fileId":"goose","name":"wild 1.txt","size":3})"},
          {message_kind::location,
           R"({"latitude":1.5,"longitude":2,"name":"鸿雁湖","address":"Goose Lane"})"},
      }};
      const auto& [kind, content] = objects[below(objects.size())];
      m.kind = kind;
      m.content = content;
    }
    if (below(6) == 0 && !files_.empty()) {
      m.kind = message_kind::image;
      m.attached = std::make_shared<attachment>();
      m.attached->file_id = m.attached->sent = a_file();
      m.content = "{\"fileId\":\"" + m.attached->file_id + "\"}";
      if (below(3) == 0) m.attached->preview_id = a_file();
    } else if (below(8) == 0) {
      m.kind = message_kind::text_stream;
      m.content = "";
      m.stream = std::make_shared<const stream_start>(stream_start{fresh_id(), a_writer(m.from), a_node()});
      streams_.push_back({m.stream->id, m.stream->by});
    }
    if (below(6) == 0) m.ext = "{\"n\":" + std::to_string(below(9)) + "}";
    if (below(4) == 0) {
      mentions called{.all = below(3) == 0};
      if (!called.all)
        for (const user_id& u : some())
          if (u != m.from && std::ranges::find(called.users, u) == called.users.end())
            called.users.push_back(u);
      if (called.all || !called.users.empty()) m.called = std::make_shared<const mentions>(std::move(called));
    }
    if (below(6) == 0) m.from_name = "name";
    if (below(2) == 0) m.client_msg_id = "c" + std::to_string(below(400));
    return m;
  }

  /// As it was, or with something else about it.
  new_message sent_again() {
    new_message m = sent_[below(sent_.size())];
    if (below(5) == 0) m.to = anywhere();
    if (below(5) == 0) m.content = m.kind == message_kind::text ? "other" : R"({"goose":1})";
    if (below(5) == 0) m.ext = "{\"again\":true}";
    return m;
  }

  void send() {
    std::vector<new_message> batch;
    for (auto n = below(3) == 0 ? 2 + below(6) : 1; n > 0; --n) {
      auto m = anything();
      const auto name = label(m.from, m.to);
      if (!std::ranges::all_of(batch, [&](const new_message& other) {
            return numbered_alike(name, label(other.from, other.to)) && !(m.stream && other.stream);
          }))
        continue; // nor two streams of one moment: which is the older?
      if (m.client_msg_id) sent_.push_back(m);
      batch.push_back(std::move(m));
    }
    std::string what = "send";
    for (const auto& m : batch)
      what += "\n    " + m.from.text() + " to " + label(m.from, m.to) + " '" + m.content + "' id " +
              or_none(m.client_msg_id);
    const auto by = below(9);
    both(what, [&](side& s) {
      for (auto& m : batch) m.attached = with_what_it_may_have(s.writer(by), m);
      const auto got = s.writer(by).append(batch, now_);
      if (!got) return told(got.error());
      std::string all;
      for (std::size_t i = 0; i < batch.size(); ++i) all += s.told(batch[i], (*got)[i]);
      return all;
    });
  }

  /// As the persistence actor decides it, before it stores.
  std::shared_ptr<attachment> with_what_it_may_have(message_writer& writer, const new_message& m) {
    if (!m.attached) return nullptr;
    auto checked = std::make_shared<attachment>(*m.attached);
    checked->refused.reset();
    for (const auto& id : {checked->file_id, checked->preview_id}) {
      if (id.empty()) continue;
      const file_question question{m.from, id};
      const auto found = writer.find_files(std::span(&question, 1), now_);
      if (!found || !found->front()) checked->refused = error{errc::not_found, "there is no such file"};
    }
    return checked;
  }

  /// Lists go by number where two conversations are of one moment, as those of a batch are; and a store
  /// numbers them as it likes, some before their first message.
  bool numbered_alike(const std::string& one, const std::string& other) {
    const auto is_group = [](const std::string& name) { return name.front() == '#'; };
    if (one == other) return true;
    std::array<std::optional<std::int64_t>, 4> ids{model_.id_of(one), model_.id_of(other), real_.id_of(one),
                                                   real_.id_of(other)};
    // A group that nobody has met is not there.
    if ((is_group(one) && !ids[0]) || (is_group(other) && !ids[1])) return true;
    if (!std::ranges::all_of(ids, [](const auto& id) { return id.has_value(); })) return false;
    return (*ids[0] < *ids[1]) == (*ids[2] < *ids[3]);
  }

  /// Mostly one of the newest messages there.
  std::int64_t a_seq(const user_id& who, const peer_or_group& in) {
    if (const auto* c = model_find(who, in); c != nullptr && below(8) != 0)
      return c->last_seq() - static_cast<std::int64_t>(below(6));
    return static_cast<std::int64_t>(below(30));
  }

  void recall() {
    const auto who = anyone();
    const auto in = anywhere();
    const auto seq = a_seq(who, in);
    if (below(4) != 0)
      return changed(who, recall_message{in, seq, 60s},
                     "recall " + std::to_string(seq) + " in " + label(who, in));
    const auto name = label(who, in);
    both("the back end recalls " + std::to_string(seq) + " in " + name, [&](side& s) {
      const auto done = apply(s.writer(0), change{{}, recall_by_id{s.message_id(name, seq)}}, now_);
      if (!done && done.error().code == errc::not_found) return std::string("there is none");
      return done ? s.told(*done) : told(done.error());
    });
  }

  void edit() {
    const auto who = anyone();
    const auto in = anywhere();
    auto seq = a_seq(who, in);
    if (const auto* c = model_find(who, in)) // mostly a text of their own
      for (const message& m : c->log)
        if (m.from == who && m.kind == message_kind::text && below(2) == 0) seq = m.seq;
    const auto content = "goose " + std::to_string(below(5));
    changed(who, edit_message{in, seq, content, 600s},
            "edit " + std::to_string(seq) + " in " + label(who, in) + " to " + content);
  }

  void react() {
    static constexpr std::array<std::string_view, 3> emoji = {"👍", "❤️", "🪿"};
    const auto who = anyone();
    const auto in = anywhere();
    const react_to_message what{in, a_seq(who, in), std::string(emoji[below(3)]), below(3) != 0};
    if (below(2) == 0)
      return changed(who, what, "react to " + std::to_string(what.seq) + " in " + label(who, in));
    // Several in one transaction, as the persistence actor has them.
    std::vector<change> all;
    for (const user_id& other : some()) all.push_back({other, what});
    both("react together to " + std::to_string(what.seq) + " in " + label(who, in), [&](side& s) {
      const auto done = apply_all(s.writer(0), all, now_);
      if (!done) return told(done.error());
      std::string list;
      for (const auto& one : *done) list += one ? s.told(*one) : told(one.error());
      return list;
    });
  }

  void stream() {
    if (below(8) == 0)
      return changed({}, end_left_stream{now_ - std::chrono::seconds(below(100))}, "end what was left");
    if (streams_.empty()) return;
    const auto& [id, by] = streams_[streams_.size() - 1 - below(std::min<std::size_t>(streams_.size(), 6))];
    std::string said;
    for (auto n = below(12); n > 0; --n) said += "雁";
    switch (below(6)) {
    case 0: {
      const auto place = model_store_.state().streams.find(id);
      if (place == model_store_.state().streams.end()) return;
      const auto name = model_.name_of(place->second.conversation_id);
      const auto seq = place->second.seq;
      return both("find the stream of " + name + " " + std::to_string(seq), [&](side& s) {
        const change wanted{by.user, find_stream{s.id_of(name).value(), seq, by}};
        const auto done = apply(s.writer(0), wanted, now_);
        return done ? s.told(*done) : told(done.error());
      });
    }
    case 1: return changed(by.user, hold_stream{id, by, a_node(), below(2) == 0}, "hold " + id);
    case 2: return changed(by.user, end_stream{id, a_node(), said}, "end " + id);
    default: return changed(by.user, store_stream{id, a_node(), said, below(6) == 0}, "store " + id);
    }
  }

  void upload() {
    if (below(6) == 0) return changed({}, take_due_files{100}, "take what is due");
    if (below(6) == 0 && !files_.empty())
      return changed({}, forget_files{{a_file(), a_file()}}, "forget files");
    if (below(3) == 0 || files_.empty()) {
      files_.push_back(fresh_id());
      return changed(anyone(), begin_file{files_.back(), std::chrono::seconds(5 + below(900))},
                     "begin a file");
    }
    stored_file whole{.id = files_.back(), .kind = media::kind_of(static_cast<std::int64_t>(below(4)))};
    whole.mime = "image/png";
    whole.name = "鸿雁 " + std::to_string(below(9));
    whole.size = static_cast<std::int64_t>(1 + below(1'000'000));
    changed({}, finish_file{whole}, "finish " + whole.id);
  }

  void look_at_file() {
    if (files_.empty()) return;
    file_question question{anyone(), a_file()};
    if (below(4) == 0) question.seen_by.reset();
    const auto by = below(2);
    both("look at " + question.id + " by " + (question.seen_by ? question.seen_by->text() : "the back end"),
         [&](side& s) {
           const auto read = s.reader().find_file(question, now_);
           const auto found = s.writer(by).find_files(std::span(&question, 1), now_);
           if (!read || !found) return std::string("error");
           return side::told(*read) + side::told(found->front());
         });
  }

  void get() {
    messages_query query{.user = anyone(), .in = anywhere(), .seqs = {}};
    for (auto n = 1 + below(5); n > 0; --n) query.seqs.push_back(a_seq(query.user, query.in));
    both("get some of " + label(query.user, query.in) + " for " + query.user.text(), [&](side& s) {
      const auto found = read_messages(s.reader(), query);
      return found ? s.told(*found) : told(found.error());
    });
  }

  void read() {
    std::vector<read_mark> marks;
    std::string what = "read";
    for (auto n = 1 + below(4); n > 0; --n) {
      read_mark mark{anyone(), anywhere(), static_cast<std::int64_t>(below(40))};
      if (!marks.empty() && below(2) == 0) mark = {marks.back().user, marks.back().in, mark.seq};
      what += " " + mark.user.text() + " " + label(mark.user, mark.in) + " " + std::to_string(mark.seq);
      marks.push_back(mark);
    }
    const auto by = below(9);
    both(what, [&](side& s) {
      const auto got = s.writer(by).mark_read(marks);
      if (!got) return told(got.error());
      std::string all;
      for (std::size_t i = 0; i < marks.size(); ++i) {
        const read_outcome& o = (*got)[i];
        // A conversation without a word may be there or not, as a store likes.
        all += o.found && o.seq > 0 ? "\n found " + std::to_string(o.seq) + (o.moved ? " moved" : "")
                                    : "\n not found";
        if (o.found) s.met(o.conversation_id, label(marks[i].user, marks[i].in));
      }
      return all;
    });
  }

  void change_group() {
    const auto id = a_group();
    const auto others = some();
    // Mostly somebody who may.
    std::optional<user_id> by = anyone();
    if (const auto* c = model_find({}, peer_or_group::group(id)); c != nullptr && below(2) == 0)
      for (const auto& [member, row] : c->members)
        if (row.role != group_role::member) by = member;
    if (below(10) == 0) by.reset();
    const auto history = below(2) == 0 ? group_history::all : group_history::joined;
    switch (below(12)) {
    case 0:
    case 1: return changed(by, create_group{id, "Geese", others, history}, "create " + id.text());
    case 2: {
      update_group what{id};
      if (below(2) == 0) what.name = "name " + std::to_string(below(3));
      if (below(2) == 0) what.muted = below(3) == 0;
      if (below(2) == 0) what.history = history;
      return changed(by, what, "update " + id.text());
    }
    case 3:
    case 4:
    case 5: return changed(by, add_members{id, others}, "add to " + id.text() + ": " + names(others));
    case 6:
    case 7: return changed(by, remove_members{id, others}, "remove from " + id.text() + ": " + names(others));
    case 8:
    case 9: {
      const auto role = static_cast<group_role>(below(3));
      return changed(by, set_role{id, others[0], role},
                     "role in " + id.text() + " of " + others[0].text() + " " + std::to_string(int(role)));
    }
    case 10: return changed(by, leave_group{id}, "leave " + id.text());
    default:
      if (below(3) != 0) return;
      return changed(by, dismiss_group{id}, "dismiss " + id.text());
    }
  }

  void block() {
    const bool blocked = below(3) == 0;
    const auto others = some();
    changed(anyone(), block_users{others, blocked}, (blocked ? "block " : "unblock ") + names(others));
  }

  void clear() {
    const auto who = anyone();
    const auto in = anywhere();
    changed(who, clear_conversation{in}, "clear " + label(who, in));
  }

  void set() {
    const auto who = anyone();
    if (below(4) == 0) {
      update_profile what;
      if (below(2) == 0) what.name = "name " + std::to_string(below(9));
      if (below(2) == 0)
        what.avatar = below(2) == 0 && !files_.empty() ? a_file() : "avatar " + std::to_string(below(9));
      return changed(who, what, "profile");
    }
    set_conversation what{anywhere(), {}, {}};
    if (below(2) == 0) what.pinned = below(2) == 0;
    if (below(2) == 0) what.muted = below(2) == 0;
    changed(who, what, "set " + label(who, what.in));
  }

  /// A transaction that is given up after it wrote this and that.
  void undone() {
    const auto who = anyone(), other = anyone();
    const auto in = a_group();
    both("undone " + who.text() + " " + in.text(), [&](side& s) {
      const auto done = s.writer(0).transact([&](change_transaction& tx) -> result<void> {
        auto group = tx.lock_group(in);
        if (!group) return group.error();
        if (!*group) group = tx.make_group(in, "never", group_history::all, now_);
        if (!group) return group.error();
        const member_row row{.user = who, .role = group_role::owner, .joined_seq = 7};
        if (auto put = tx.put_members((*group)->id, std::span(&row, 1)); !put) return put;
        const auto entry = tx.append_entry(
            **group, {.from = who, .to = peer_or_group::group(in), .content = "never", .created_at = now_});
        if (!entry) return entry.error();
        if (auto direct = tx.lock_direct(who, other, true); !direct) return direct.error();
        if (auto put = tx.put_profile({who, "never", "never"}); !put) return put;
        const std::vector<user_id> others{other};
        if (auto put = tx.put_blocks(who, others, true); !put) return put.error();
        return error{errc::forbidden, "enough"};
      });
      return done ? std::string("done") : told(done.error());
    });
  }

  // What may be asked.

  void history() {
    page_query query{.user = anyone(), .in = anywhere(), .limit = 1 + below(12)};
    if (below(3) == 0) query.before_seq = below(40);
    if (!query.before_seq && below(2) == 0) query.after_seq = below(40);
    both("history of " + label(query.user, query.in) + " for " + query.user.text(), [&](side& s) {
      const auto page = read_history(s.reader(), query);
      return page ? s.told(page->messages) + (page->has_more ? " more" : "") : told(page.error());
    });
  }

  void list() {
    const auto who = anyone();
    const auto limit = 1 + below(8);
    both("list of " + who.text(), [&](side& s) {
      std::string all, cursor;
      do {
        const auto page = list_conversations(s.reader(), {who, cursor, limit});
        if (!page) return told(page.error());
        for (const auto& view : page->conversations) {
          all += s.told(who, view.of) + " unread " + std::to_string(view.unread) + mention(view.mention_seq);
          if (view.last) all += s.told(*view.last);
        }
        cursor = page->cursor;
      } while (!cursor.empty());
      return all;
    });
  }

  void search_words() {
    static constexpr std::array<std::string_view, 8> queries = {"goose",  "go",   "鸿雁",   "雁",
                                                                "wild 1", "传书", "straße", "ä goose"};
    search_query query{
        .user = anyone(), .text = std::string(queries[below(queries.size())]), .limit = 1 + below(9)};
    if (below(3) == 0) query.in = anywhere();
    both("search '" + query.text + "' for " + query.user.text(), [&](side& s) {
      std::string all;
      auto asked = query;
      do {
        const auto page = search(s.reader(), asked);
        if (!page) return told(page.error());
        all += s.told(page->messages);
        asked.cursor = page->cursor;
      } while (!asked.cursor.empty());
      return all;
    });
  }

  void latest_ones() {
    history_query query{.user = anyone(), .limit = 1 + below(20)};
    if (below(2) == 0) query.peer = anyone();
    both("latest of " + query.user.text(), [&](side& s) {
      const auto got = s.reader().latest(query);
      return got ? s.told(*got) : told(got.error());
    });
  }

  void look() {
    const auto who = anyone();
    const auto in = anywhere();
    both("look of " + who.text() + " at " + label(who, in), [&](side& s) {
      std::string all = look_at(s, who, in);
      const auto profiles = s.reader().profiles(users_);
      const auto blocks = s.reader().blocks(who);
      if (!profiles || !blocks) return std::string("error");
      for (const auto& p : *profiles) all += "\n " + p.user.text() + or_none(p.name) + or_none(p.avatar);
      return all + "\n blocks " + names(*blocks);
    });
  }

  std::string look_at(side& s, const user_id& who, const peer_or_group& in) {
    std::string all;
    if (const auto reached = audience(s.reader(), who, in))
      all += "\n reaches " + names(reached->users);
    else
      all += told(reached.error());
    if (!in.is_group()) return all;
    const auto group = s.reader().find_group(who, in.id);
    const auto groups = s.reader().groups(who, in.id.text(), 2);
    if (!group || !groups) return std::string("error");
    for (const auto& g : *groups) all += s.told(g);
    if (!*group) return all;
    all += s.told(**group);
    const auto members = s.reader().members((*group)->conversation_id, "b", 3);
    if (!members) return told(members.error());
    for (const auto& m : *members)
      all += "\n " + m.user.text() + " " + std::to_string(int(m.role)) + " " + std::to_string(m.joined_seq);
    return all;
  }

  // A client's resume.

  void resume(const user_id& who) {
    sync_query query{.user = who, .positions = {}};
    query.limit = std::array<std::size_t, 4>{1, 3, 20, 200}[below(4)];
    query.recent = std::array<std::size_t, 4>{0, 1, 5, 20}[below(4)];
    const bool new_device = below(5) == 0;
    both("sync of " + who.text(), [&](side& s) {
      if (new_device) s.device_of(who) = {};
      auto pages = resume(s, query);
      check_device(s.device_of(who), who);
      return pages;
    });
  }

  /// Pages until there is no more; takes them in.
  std::string resume(side& s, sync_query query) {
    device& mine = s.device_of(query.user);
    std::string all;
    bool more = true;
    for (int pages = 0; more; ++pages) {
      REQUIRE(pages < 3000);
      query.positions = mine.positions;
      const auto page = sync(s.reader(), query);
      if (!page) return told(page.error());
      std::size_t messages = 0;
      std::set<std::string> gone;
      for (const auto id : page->gone) {
        gone.insert(s.name_of(id));
        mine.positions.erase(id);
        mine.conversations.erase(s.name_of(id));
      }
      for (const auto& name : gone) all += "\n gone " + name;
      for (const auto& c : page->conversations) {
        all += s.told(query.user, c.of) + " unread " + std::to_string(c.unread) + mention(c.mention_seq) +
               s.told(c.messages) + (c.has_more ? " more" : "");
        for (const auto& r : c.changed) all += "\n changed " + std::to_string(r.seq) + side::told(r.tallies);
        messages += c.messages.size();
        take(mine, query.user, c);
      }
      REQUIRE(messages <= query.limit);
      more = page->has_more;
      if (!more) check_unread(query.user, *page);
    }
    return all;
  }

  static std::string mention(const std::optional<std::int64_t>& seq) {
    return seq ? " called at " + std::to_string(*seq) : "";
  }

  void take(device& mine, const user_id& who, const synced_conversation& c) {
    const bool is_new = !mine.positions.contains(c.of.conversation_id);
    auto& kept = mine.conversations[label(who, c.of.with)];
    if (is_new) {
      kept = {};
      kept.start = c.messages.empty() ? c.of.last_seq + 1 : c.messages.front().seq;
    }
    kept.start = std::max(kept.start, c.of.first_seq);
    kept.messages.erase(kept.messages.begin(), kept.messages.lower_bound(c.of.first_seq));
    for (const message& m : c.messages) {
      REQUIRE(m.seq >= kept.start);
      mine.take(m, kept);
    }
    mine.positions[c.of.conversation_id] = c.has_more ? c.messages.back().seq : c.of.last_seq;
  }

  /// After a resume a device has every entry from its start on, as it is now, of what the user may read.
  void check_device(const device& mine, const user_id& who) {
    std::set<std::string> expected, kept;
    for (const auto& [name, c] : mine.conversations) kept.insert(name);
    for (const auto& [id, c] : model_store_.state().conversations) {
      const auto member = c.members.find(who);
      if (member == c.members.end() || c.last_seq() < member->second.first_seq) continue;
      const auto name = label(who, model_store_.state().membership_of(who, c).with);
      expected.insert(name);
      const auto at = mine.conversations.find(name);
      if (at == mine.conversations.end()) continue;
      REQUIRE(at->second.start >= member->second.first_seq);
      std::string has, should;
      for (const auto& [seq, m] : at->second.messages) has += brief(m);
      for (const message& m : c.log)
        if (m.seq >= at->second.start) should += brief(m);
      REQUIRE(has == should);
    }
    REQUIRE(kept == expected);
  }

  static std::string brief(const message& m) {
    // What an edit says is of the moment when it was read.
    if (m.kind == message_kind::text_stream && !m.recalled) return "\n  " + std::to_string(m.seq) + " grows";
    if (m.kind == message_kind::edit) return "\n  " + std::to_string(m.seq) + " edit";
    return "\n  " + std::to_string(m.seq) + " " + m.from.text() + " '" + m.content + "' " + or_none(m.ext) +
           (m.recalled ? " recalled" : "");
  }

  void check_unread(const user_id& who, const sync_page& page) {
    for (const auto& c : page.conversations) {
      const auto* known = model_find(who, c.of.with);
      REQUIRE(known != nullptr);
      const member_row& row = known->members.at(who);
      std::size_t count = 0;
      for (const message& m : known->log)
        if (m.seq > row.read_seq && m.seq >= row.first_seq && m.from != who && !m.recalled &&
            !is_own_entry(m.kind))
          ++count;
      REQUIRE(c.unread == std::min<std::size_t>(count, 999));
    }
  }

  /// Everything that a user sees.
  void compare_all(const user_id& who) {
    both("all of " + who.text(), [&](side& s) {
      const auto all = s.reader().memberships(who);
      if (!all) return told(all.error());
      std::set<std::string> views;
      for (const membership& m : *all) {
        if (m.last_seq == 0) continue;
        const auto page =
            read_history(s.reader(), {.user = who, .in = m.with, .after_seq = 0, .limit = 100'000});
        views.insert(s.told(who, m) + (page ? s.told(page->messages) : told(page.error())) +
                     look_at(s, who, m.with));
      }
      std::string text;
      for (const auto& view : views) text += view;
      return text;
    });
    resume(who);
  }

  // How.

  /// Does it on both sides; what they answer must be the same.
  void both(const std::string& what, const act& what_to_do) {
    journal_.push_back(std::to_string(step_) + ": " + what);
    if (journal_.size() > 12) journal_.pop_front();
    std::string before;
    for (const auto& line : journal_) before += "\n" + line;
    INFO("HONGYAN_SEED=" << seed_ << " fails at step " << step_ << "; it came to that by" << before);
    const auto expected = what_to_do(model_);
    const auto got = what_to_do(real_);
    REQUIRE(got == expected);
  }

  void changed(std::optional<user_id> by, change_action action, const std::string& what) {
    const change wanted{std::move(by), std::move(action)};
    const auto writer = below(9);
    both((wanted.by ? wanted.by->text() : "the back end") + ": " + what, [&](side& s) {
      const auto done = apply(s.writer(writer), wanted, now_);
      return done ? s.told(*done) : told(done.error());
    });
  }

  std::size_t below(std::size_t n) { return random_() % n; }
  std::string fresh_id() {
    std::string id = std::to_string(++ids_made_);
    return std::string(file_id_digits - id.size(), '0') + id;
  }
  /// Mostly one of the newest.
  const std::string& a_file() {
    return files_[files_.size() - 1 - below(std::min<std::size_t>(files_.size(), below(4) == 0 ? 100 : 5))];
  }
  std::string a_node() { return below(4) == 0 ? "n2" : "n1"; }
  stream_writer a_writer(const user_id& from) {
    return below(2) == 0 ? stream_writer{.user = from}
                         : stream_writer{.key = "key" + std::to_string(below(2))};
  }
  user_id anyone() { return users_[below(users_.size())]; }
  user_id a_group() { return user("g" + std::to_string(below(3 + static_cast<std::size_t>(step_) / 150))); }
  peer_or_group anywhere() {
    return below(2) == 0 ? peer_or_group::group(a_group()) : peer_or_group(anyone());
  }
  std::vector<user_id> some() {
    std::vector<user_id> list;
    for (auto n = 1 + below(3); n > 0; --n) list.push_back(anyone());
    return list;
  }
  const memory_state::conversation* model_find(const user_id& from, const peer_or_group& with) {
    return const_cast<memory_state&>(model_store_.state()).find(from, with);
  }

  unsigned seed_;
  std::mt19937 random_;
  memory_store model_store_;
  side model_;
  side real_;
  int step_ = 0;
  wall_time now_ = at(1'764'000'000'000);
  std::vector<user_id> users_{user("a"), user("b"), user("c"), user("D"), user("5")};
  std::vector<new_message> sent_;
  std::vector<std::pair<std::string, stream_writer>> streams_;
  std::vector<std::string> files_;
  int ids_made_ = 0;
  std::deque<std::string> journal_;
};

void compare(store& real, std::size_t writers, std::chrono::milliseconds limit) {
  const char* given = std::getenv("HONGYAN_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
  comparison(real, writers, seed).run(3000, given != nullptr ? 10min : limit);
}

} // namespace

TEST_CASE("the store in memory does as itself, and its clients have what they may read",
          "[persistence][property]") {
  memory_store store;
  compare(store, 1, 1s);
}

TEST_CASE("SQLite does as the store in memory, whatever users do", "[persistence][property]") {
  sqlite_database database;
  compare(*opened(database.url), 1, 3s);
}

TEST_CASE("PostgreSQL does as the store in memory, whatever users do, by two writers",
          "[persistence][property]") {
  postgres_database database;
  compare(*opened(database.url), 2, 3s);
}
