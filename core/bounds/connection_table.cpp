#include "core/bounds/connection_table.hpp"

namespace hongyan {

// ---- connection_groups ----

connection_groups::group& connection_groups::find(const std::string& key) {
  auto& found = groups_[key];
  if (!found) found = std::make_unique<group>(group{.key = key});
  return *found;
}

/// One more, or less, in a group; without any it goes.
void connection_groups::resize(group& g, bool grows) {
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

void connection_groups::join(member& m, const std::string& key) {
  m.of = &find(key);
  resize(*m.of, true);
}

void connection_groups::leave(member& m) {
  if (m.of == nullptr) return;
  work(m);
  resize(*std::exchange(m.of, nullptr), false);
}

void connection_groups::rest(member& m) {
  if (m.of == nullptr || m.is_idle) return;
  m.is_idle = true;
  m.at = m.of->idle.insert(m.of->idle.end(), &m);
  if (m.of->idle.size() == 1) with_idle_.insert({m.of->count, m.of});
}

void connection_groups::work(member& m) {
  if (m.of == nullptr || !m.is_idle) return;
  m.is_idle = false;
  m.of->idle.erase(m.at);
  if (m.of->idle.empty()) with_idle_.erase({m.of->count, m.of});
}

connection_groups::headcount connection_groups::count(const std::string& key) {
  auto& g = find(key);
  resize(g, true);
  return &g;
}

void connection_groups::uncount(headcount counted) { resize(*counted, false); }

std::size_t connection_groups::of(const std::string& key) const {
  const auto found = groups_.find(key);
  return found == groups_.end() ? 0 : found->second->count;
}

connection_groups::member* connection_groups::first_to_go() const {
  return with_idle_.empty() ? nullptr : with_idle_.rbegin()->second->idle.front();
}

// ---- connection_table ----

struct connection_table::entry {
  explicit entry(connection_table& t) : table(t) { here.user = handshake.user = this; }

  connection_table& table;
  connection_groups::member here;      ///< among the served, or in the reserve
  connection_groups::member handshake; ///< while TLS's is under way
  std::function<void()> leave{};
  admission admitted_as = admission::served;
  bool dismissed = false; ///< it was asked to go, and counts no longer
};

void connection_table::releaser::operator()(entry* e) const {
  {
    const std::lock_guard lock(e->table.mutex_);
    e->table.remove(*e);
  }
  delete e;
}

void connection_table::remove(entry& e) {
  handshakes_.leave(e.handshake);
  (e.admitted_as == admission::served ? served_ : reserve_).leave(e.here);
}

void connection_table::dismiss(entry& e) {
  e.dismissed = true;
  remove(e);
  if (e.leave) std::exchange(e.leave, nullptr)();
}

/// False: nobody can go.
bool connection_table::make_room(connection_groups& among) {
  auto* first = among.first_to_go();
  if (first == nullptr) return false;
  dismiss(*static_cast<entry*>(first->user));
  return true;
}

connection_table::slot connection_table::enter(const std::string& key, bool limited, bool with_tls) {
  const std::lock_guard lock(mutex_);
  if (with_tls) {
    if (limited && bounds_.handshakes_each > 0 && handshakes_.of(key) >= bounds_.handshakes_each) return {};
    if (handshakes_.size() >= bounds_.handshakes) make_room(handshakes_);
  }
  auto how = admission::served;
  if (limited && bounds_.each > 0 && served_.of(key) >= bounds_.each) {
    how = admission::address_full;
  } else if (served_.size() + settled_ >= bounds_.all && !make_room(served_)) {
    how = admission::full;
  }
  if (how != admission::served && reserve_.size() >= bounds_.reserve && !make_room(reserve_)) return {};

  auto made = std::make_unique<entry>(*this);
  made->admitted_as = how;
  auto& among = how == admission::served ? served_ : reserve_;
  among.join(made->here, key);
  among.rest(made->here);
  if (with_tls) {
    handshakes_.join(made->handshake, key);
    handshakes_.rest(made->handshake);
  }
  return slot(made.release());
}

std::size_t connection_table::size() const {
  const std::lock_guard lock(mutex_);
  return served_.size() + settled_;
}

connection_table::admission connection_table::slot::admitted_as() const { return entry_->admitted_as; }

void connection_table::slot::on_leave(std::function<void()> leave) {
  const std::lock_guard lock(entry_->table.mutex_);
  if (entry_->dismissed) {
    leave();
  } else {
    entry_->leave = std::move(leave);
  }
}

void connection_table::slot::rest() {
  auto& table = entry_->table;
  const std::lock_guard lock(table.mutex_);
  (entry_->admitted_as == admission::served ? table.served_ : table.reserve_).rest(entry_->here);
}

bool connection_table::slot::work() {
  auto& table = entry_->table;
  const std::lock_guard lock(table.mutex_);
  if (entry_->dismissed) return false;
  (entry_->admitted_as == admission::served ? table.served_ : table.reserve_).work(entry_->here);
  return true;
}

void connection_table::slot::handshake_done() {
  const std::lock_guard lock(entry_->table.mutex_);
  entry_->table.handshakes_.leave(entry_->handshake);
}

bool connection_table::slot::count_to(const std::string& key, bool limited) {
  auto& table = entry_->table;
  const std::lock_guard lock(table.mutex_);
  if (entry_->dismissed || entry_->admitted_as != admission::served) return true; // counted elsewhere
  if (connection_groups::key_of(entry_->here) == key) return true;
  if (limited && table.bounds_.each > 0 && table.served_.of(key) >= table.bounds_.each) return false;
  const bool was_idle = table.served_.is_idle(entry_->here);
  table.served_.leave(entry_->here);
  table.served_.join(entry_->here, key);
  if (was_idle) table.served_.rest(entry_->here);
  return true;
}

connection_table::socket_slot connection_table::slot::become_socket() {
  auto& table = entry_->table;
  socket_slot made;
  made.of_ = &table;
  {
    const std::lock_guard lock(table.mutex_);
    if (!entry_->dismissed) {
      made.address_ = table.served_.count(connection_groups::key_of(entry_->here));
    } else {
      ++table.settled_;
    }
  }
  entry_.reset();
  return made;
}

void connection_table::socket_slot::settle() {
  if (of_ == nullptr || address_ == nullptr) return;
  const std::lock_guard lock(of_->mutex_);
  of_->served_.uncount(std::exchange(address_, nullptr));
  ++of_->settled_;
}

connection_table::socket_slot::~socket_slot() {
  if (of_ == nullptr) return;
  settle();
  const std::lock_guard lock(of_->mutex_);
  --of_->settled_;
}

} // namespace hongyan
