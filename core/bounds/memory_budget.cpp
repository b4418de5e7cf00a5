#include "core/bounds/memory_budget.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <unistd.h>
#include <utility>

namespace hongyan {

struct memory_budget::account {
  payer kind;
  std::string key;
  std::size_t charges = 0; ///< under the budget's lock
  std::atomic<std::size_t> used = 0;
  std::mutex mutex;
  std::vector<entry*> entries; ///< under its own lock
};

struct memory_budget::entry {
  memory_budget& budget;
  account& of;
  std::function<void()> let_go;
  std::atomic<std::size_t> bytes = 0;
  std::atomic<bool> told = false; ///< to let go
};

memory_budget::memory_budget(std::size_t limit) : limit_(limit) {}
memory_budget::~memory_budget() = default;

memory_budget::charge memory_budget::open(payer kind, const std::string& who, std::function<void()> let_go) {
  const auto key = std::to_string(static_cast<unsigned>(kind)) + (kind == payer::others ? "" : who);
  const std::lock_guard lock(mutex_);
  auto& found = accounts_[key];
  if (!found) {
    found = std::make_unique<account>();
    found->kind = kind;
    found->key = key;
  }
  ++found->charges;
  auto* made = new entry{*this, *found, std::move(let_go)};
  if (kind == payer::others) return charge(made); // nobody looks for the largest
  const std::lock_guard inner(found->mutex);
  found->entries.push_back(made);
  return charge(made);
}

void memory_budget::close_entry::operator()(entry* e) const {
  auto& budget = e->budget;
  auto& of = e->of;
  const auto bytes = e->bytes.load(std::memory_order_relaxed);
  of.used.fetch_sub(bytes, std::memory_order_relaxed);
  budget.used_.fetch_sub(bytes, std::memory_order_relaxed);
  {
    const std::lock_guard lock(of.mutex);
    if (const auto found = std::ranges::find(of.entries, e); found != of.entries.end()) {
      *found = of.entries.back();
      of.entries.pop_back();
    }
  }
  delete e;
  const std::lock_guard lock(budget.mutex_);
  if (--of.charges > 0) return;
  const auto key = std::move(of.key); // not by a part of what goes
  budget.accounts_.erase(key);
}

std::size_t memory_budget::share_of(const account& a) const {
  switch (a.kind) {
  case payer::address: return limit_ / address_share;
  case payer::user: return limit_ / user_share;
  case payer::others: break;
  }
  return limit_;
}

/// Those who were told to let go do so in their next turn, and count no more here. False: the one that asks
/// is the largest.
bool memory_budget::cut_largest(account& a, entry& asks, std::size_t wanted) {
  const std::lock_guard lock(a.mutex);
  const auto size = [&](const entry* e) {
    if (e == &asks) return wanted;
    return e->told ? 0 : e->bytes.load(std::memory_order_relaxed);
  };
  std::size_t staying = 0;
  for (const auto* e : a.entries) staying += size(e);
  if (staying <= share_of(a)) return true;
  auto* const largest = *std::ranges::max_element(a.entries, {}, size);
  cuts_.fetch_add(1, std::memory_order_relaxed);
  if (largest == &asks) return false;
  largest->told = true;
  largest->let_go();
  return true;
}

bool memory_budget::charge::resize(std::size_t bytes) {
  auto& e = *entry_;
  auto& budget = e.budget;
  const auto before = e.bytes.load(std::memory_order_relaxed);
  if (bytes <= before) {
    e.bytes.store(bytes, std::memory_order_relaxed);
    e.of.used.fetch_sub(before - bytes, std::memory_order_relaxed);
    budget.used_.fetch_sub(before - bytes, std::memory_order_relaxed);
    return true;
  }
  if (e.told.load(std::memory_order_relaxed)) return false;
  const auto more = bytes - before;
  const auto give_back = [&] {
    e.of.used.fetch_sub(more, std::memory_order_relaxed);
    budget.used_.fetch_sub(more, std::memory_order_relaxed);
    budget.refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
  };
  const auto all = budget.used_.fetch_add(more, std::memory_order_relaxed) + more;
  const auto own = e.of.used.fetch_add(more, std::memory_order_relaxed) + more;
  if (budget.limit_ > 0) {
    if (e.of.kind != payer::others && own > budget.share_of(e.of) && !budget.cut_largest(e.of, e, bytes))
      return give_back();
    if (all > budget.limit_) return give_back();
  }
  e.bytes.store(bytes, std::memory_order_relaxed);
  return true;
}

std::size_t memory_budget::charge::bytes() const {
  return entry_ ? entry_->bytes.load(std::memory_order_relaxed) : 0;
}

// ---- what there is ----

namespace {

/// Nothing: there is no such file, or no number in it ("max").
std::optional<std::size_t> number_in(const std::string& file) {
  std::ifstream in(file);
  std::string text;
  if (!std::getline(in, text)) return {};
  std::size_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

/// The smallest limit in the folder of a cgroup and those above it, up to its mount.
void look_up(const std::string& mount, std::string group, const char* name, std::size_t& least) {
  for (;;) {
    if (const auto found = number_in(mount + group + "/" + name)) least = std::min(least, *found);
    if (group.empty()) return;
    group.resize(std::min(group.size(), group.rfind('/') == std::string::npos ? 0 : group.rfind('/')));
  }
}

} // namespace

memory_found find_memory(const std::string& root) {
  const auto machine =
      static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  auto least = machine;
  std::ifstream groups(root + "proc/self/cgroup"); // cgroups(7): ID:CONTROLLERS:PATH
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    auto group = line.substr(second + 1);
    if (group == "/") group.clear();
    if (controllers == ",,") look_up(root + "sys/fs/cgroup", group, "memory.max", least);
    if (controllers.find(",memory,") != std::string::npos)
      look_up(root + "sys/fs/cgroup/memory", group, "memory.limit_in_bytes", least);
  }
  return {least, least < machine ? "cgroup" : "machine"};
}

} // namespace hongyan
