#include "core/connection_table.hpp"

namespace hongyan {

// ---- crowd ----

crowd::group& crowd::find(const std::string& key) {
  auto& found = groups_[key];
  if (!found) found = std::make_unique<group>(group{.key = key});
  return *found;
}

/// One more, or less, in a group; without any it goes.
void crowd::resize(group& g, bool grows) {
  if (!g.idle.empty()) with_idle_.erase({g.count, &g});
  if (grows) {
    ++g.count;
    ++size_;
  } else {
    --g.count;
    --size_;
  }
  if (!g.idle.empty()) with_idle_.insert({g.count, &g});
  if (g.count > 0) return;
  const auto key = std::move(g.key); // not by a part of what goes
  groups_.erase(key);
}

void crowd::join(member& m, const std::string& key) {
  m.of = &find(key);
  resize(*m.of, true);
}

void crowd::leave(member& m) {
  if (m.of == nullptr) return;
  work(m);
  resize(*std::exchange(m.of, nullptr), false);
}

void crowd::rest(member& m) {
  if (m.of == nullptr || m.is_idle) return;
  m.is_idle = true;
  m.at = m.of->idle.insert(m.of->idle.end(), &m);
  if (m.of->idle.size() == 1) with_idle_.insert({m.of->count, m.of});
}

void crowd::work(member& m) {
  if (m.of == nullptr || !m.is_idle) return;
  m.is_idle = false;
  m.of->idle.erase(m.at);
  if (m.of->idle.empty()) with_idle_.erase({m.of->count, m.of});
}

crowd::headcount crowd::count(const std::string& key) {
  auto& g = find(key);
  resize(g, true);
  return &g;
}

void crowd::uncount(headcount counted) { resize(*counted, false); }

std::size_t crowd::of(const std::string& key) const {
  const auto found = groups_.find(key);
  return found == groups_.end() ? 0 : found->second->count;
}

crowd::member* crowd::first_to_go() const {
  return with_idle_.empty() ? nullptr : with_idle_.rbegin()->second->idle.front();
}

// ---- connection_table ----

struct connection_table::entry {
  explicit entry(connection_table& t) : table(t) { here.user = handshake.user = this; }

  connection_table& table;
  crowd::member here;      ///< among the served, or in the reserve
  crowd::member handshake; ///< while TLS's is under way
  std::function<void()> leave{};
  welcome welcomed = welcome::served;
  bool dismissed = false; ///< it was asked to go, and counts no longer
};

void connection_table::stand_up::operator()(entry* e) const {
  {
    const std::lock_guard lock(e->table.mutex_);
    e->table.remove(*e);
  }
  delete e;
}

void connection_table::remove(entry& e) {
  handshakes_.leave(e.handshake);
  (e.welcomed == welcome::served ? served_ : reserve_).leave(e.here);
}

void connection_table::dismiss(entry& e) {
  e.dismissed = true;
  remove(e);
  if (e.leave) std::exchange(e.leave, nullptr)();
}

/// False: nobody can go.
bool connection_table::make_room(crowd& among) {
  auto* first = among.first_to_go();
  if (first == nullptr) return false;
  dismiss(*static_cast<entry*>(first->user));
  return true;
}

connection_table::seat connection_table::enter(const std::string& key, bool limited, bool with_tls) {
  const std::lock_guard lock(mutex_);
  if (with_tls) {
    if (limited && bounds_.handshakes_each > 0 && handshakes_.of(key) >= bounds_.handshakes_each) return {};
    if (handshakes_.size() >= bounds_.handshakes) make_room(handshakes_);
  }
  auto how = welcome::served;
  if (limited && bounds_.each > 0 && served_.of(key) >= bounds_.each) {
    how = welcome::crowded;
  } else if (served_.size() + settled_ >= bounds_.all && !make_room(served_)) {
    how = welcome::full;
  }
  if (how != welcome::served && reserve_.size() >= bounds_.reserve && !make_room(reserve_)) return {};

  auto made = std::make_unique<entry>(*this);
  made->welcomed = how;
  auto& among = how == welcome::served ? served_ : reserve_;
  among.join(made->here, key);
  among.rest(made->here);
  if (with_tls) {
    handshakes_.join(made->handshake, key);
    handshakes_.rest(made->handshake);
  }
  return seat(made.release());
}

std::size_t connection_table::size() const {
  const std::lock_guard lock(mutex_);
  return served_.size() + settled_;
}

connection_table::welcome connection_table::seat::welcomed() const { return entry_->welcomed; }

void connection_table::seat::on_leave(std::function<void()> leave) {
  const std::lock_guard lock(entry_->table.mutex_);
  if (entry_->dismissed) {
    leave();
  } else {
    entry_->leave = std::move(leave);
  }
}

void connection_table::seat::rest() {
  auto& table = entry_->table;
  const std::lock_guard lock(table.mutex_);
  (entry_->welcomed == welcome::served ? table.served_ : table.reserve_).rest(entry_->here);
}

bool connection_table::seat::work() {
  auto& table = entry_->table;
  const std::lock_guard lock(table.mutex_);
  if (entry_->dismissed) return false;
  (entry_->welcomed == welcome::served ? table.served_ : table.reserve_).work(entry_->here);
  return true;
}

void connection_table::seat::handshake_done() {
  const std::lock_guard lock(entry_->table.mutex_);
  entry_->table.handshakes_.leave(entry_->handshake);
}

bool connection_table::seat::count_to(const std::string& key, bool limited) {
  auto& table = entry_->table;
  const std::lock_guard lock(table.mutex_);
  if (entry_->dismissed || entry_->welcomed != welcome::served) return true; // counted elsewhere
  if (crowd::key_of(entry_->here) == key) return true;
  if (limited && table.bounds_.each > 0 && table.served_.of(key) >= table.bounds_.each) return false;
  const bool was_idle = table.served_.is_idle(entry_->here);
  table.served_.leave(entry_->here);
  table.served_.join(entry_->here, key);
  if (was_idle) table.served_.rest(entry_->here);
  return true;
}

connection_table::socket_seat connection_table::seat::become_socket() {
  auto& table = entry_->table;
  socket_seat made;
  made.of_ = &table;
  {
    const std::lock_guard lock(table.mutex_);
    if (!entry_->dismissed) {
      made.address_ = table.served_.count(crowd::key_of(entry_->here));
    } else {
      ++table.settled_;
    }
  }
  entry_.reset();
  return made;
}

void connection_table::socket_seat::settle() {
  if (of_ == nullptr || address_ == nullptr) return;
  const std::lock_guard lock(of_->mutex_);
  of_->served_.uncount(std::exchange(address_, nullptr));
  ++of_->settled_;
}

connection_table::socket_seat::~socket_seat() {
  if (of_ == nullptr) return;
  settle();
  const std::lock_guard lock(of_->mutex_);
  --of_->settled_;
}

} // namespace hongyan
