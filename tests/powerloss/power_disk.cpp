/// A file system that loses power when it is told to: for PostgreSQL's data directory, in memory, by FUSE.
///
///   power_disk FOLDER [--lying] [--sync-us N]
///
/// mounts itself on the folder, for all users, until its standard input ends. That takes lines, and answers
/// each with one:
///
///   keep        all that is there is durable
///   off SEED    loses power: of what was not synced the seed chooses what is kept; all calls fail
///   on          what is left is there
///
/// --lying: syncs answer well, and do nothing. --sync-us: how long a sync takes, so that a loss can fall into
/// it.
#define FUSE_USE_VERSION 35
#include <fcntl.h>
#include <fuse.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t sector_size = 512;

struct inode;
using node = std::shared_ptr<inode>;

struct write {
  std::size_t offset = 0;
  std::string bytes{};
  bool truncates = false; ///< or extends, to `offset`
};

/// A file or a folder. Mode, owner and time are durable at once: nothing of PostgreSQL hangs on them.
struct inode {
  mode_t mode = 0;
  uid_t owner = 0;
  gid_t group = 0;
  timespec changed{};
  std::weak_ptr<inode> folder{}; ///< where it was named last
  std::string now{};             ///< what processes see
  std::string durable{};
  std::vector<write> since{}; ///< the last sync
  std::map<std::string, node> names{}, durable_names{};
};

/// Of one name in one folder. An `act` (a rename has two changes) survives as a whole or not at all.
struct change {
  node folder;
  std::string name;
  node now; ///< null: removed
};
using act = std::vector<change>;

/// An open file. It ends with the power.
struct handle {
  node of;
  unsigned era;
  int flags;
};

/// Where a path leads: the folder is null when there is none, the node when nothing has that name.
struct place {
  node folder, of;
  std::string name;
};

void arrive(std::string& bytes, const write& w) {
  if (w.truncates) {
    bytes.resize(w.offset);
    return;
  }
  if (bytes.size() < w.offset + w.bytes.size()) bytes.resize(w.offset + w.bytes.size());
  w.bytes.copy(bytes.data() + w.offset, w.bytes.size());
}

/// All of the state; its members want `lock` held.
class power_disk {
public:
  std::mutex lock;
  bool syncs_lie = false;
  bool is_off = false;
  unsigned era = 0; ///< losses of power so far
  std::chrono::microseconds sync_time{0};

  power_disk() : root_(make(S_IFDIR | 0777, 0, 0)) {}

  static node make(mode_t mode, uid_t owner, gid_t group);
  place find(std::string_view path) const;
  /// Does it, and remembers that it is not durable.
  void name(act changes);
  void change_content(inode& of, write w);
  /// The content of a file or the names of a folder, and the names by which it is found.
  void sync(const node& of);
  void keep();
  /// Says what was lost.
  std::string lose_power(unsigned seed);

private:
  template <class Wanted>
  void settle(Wanted is_wanted);
  void survive(inode& of);
  template <class Visit>
  void walk(bool durable, Visit visit);
  std::size_t below(std::size_t n) { return random_() % n; }

  node root_;
  std::vector<act> acts_; ///< that are not durable, in order
  std::mt19937 random_;
  bool keeps_nothing_ = false;
  std::size_t lost_ = 0, kept_ = 0; ///< sectors
};

power_disk disk;

node power_disk::make(mode_t mode, uid_t owner, gid_t group) {
  auto made = std::make_shared<inode>();
  made->mode = mode;
  made->owner = owner;
  made->group = group;
  clock_gettime(CLOCK_REALTIME, &made->changed);
  return made;
}

place power_disk::find(std::string_view path) const {
  place at{.folder = nullptr, .of = root_, .name = {}};
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) {
      at.folder = at.of != nullptr && S_ISDIR(at.of->mode) ? at.of : nullptr;
      at.of = nullptr;
      at.name = path.substr(0, end);
      if (at.folder == nullptr) return at;
      if (const auto found = at.folder->names.find(at.name); found != at.folder->names.end())
        at.of = found->second;
    }
    path.remove_prefix(end);
  }
  return at;
}

void power_disk::name(act changes) {
  for (const change& c : changes) {
    if (c.now == nullptr) {
      c.folder->names.erase(c.name);
    } else {
      c.folder->names[c.name] = c.now;
      c.now->folder = c.folder;
    }
    clock_gettime(CLOCK_REALTIME, &c.folder->changed);
  }
  acts_.push_back(std::move(changes));
}

void power_disk::change_content(inode& of, write w) {
  arrive(of.now, w);
  of.since.push_back(std::move(w));
  clock_gettime(CLOCK_REALTIME, &of.changed);
}

/// The wanted acts become durable, and those before them that were about the same names: without that a file
/// that was renamed could be lost under both names, which no file system with a journal does.
template <class Wanted>
void power_disk::settle(Wanted is_wanted) {
  std::set<std::pair<const inode*, std::string>> touched;
  std::vector<act> done, rest;
  for (; !acts_.empty(); acts_.pop_back()) {
    act& last = acts_.back();
    const bool is_done =
        is_wanted(std::as_const(last)) || std::any_of(last.begin(), last.end(), [&](const change& c) {
          return touched.contains({c.folder.get(), c.name});
        });
    if (is_done)
      for (const change& c : last) touched.emplace(c.folder.get(), c.name);
    (is_done ? done : rest).push_back(std::move(last));
  }
  acts_.assign(std::make_move_iterator(rest.rbegin()), std::make_move_iterator(rest.rend()));
  for (auto a = done.rbegin(); a != done.rend(); ++a)
    for (const change& c : *a) {
      if (c.now == nullptr)
        c.folder->durable_names.erase(c.name);
      else
        c.folder->durable_names[c.name] = c.now;
    }
}

/// POSIX promises a name only with the sync of its folder. PostgreSQL counts on more: at a checkpoint it
/// syncs a new table's file, and never the folder (without the names 15.18 lost such tables in 4 of 6
/// losses). ext4, XFS and Btrfs keep the names by which a synced file is found; so does this, but not, as
/// ext4, all that was named before.
void power_disk::sync(const node& of) {
  if (syncs_lie) return;
  for (const write& w : of->since) arrive(of->durable, w);
  of->since.clear();
  std::set<node> way;
  for (node n = of; n != nullptr; n = n->folder.lock()) way.insert(n);
  settle([&](const act& a) {
    return std::any_of(a.begin(), a.end(),
                       [&](const change& c) { return c.folder == of || way.contains(c.now); });
  });
}

template <class Visit>
void power_disk::walk(bool durable, Visit visit) {
  std::set<node> seen{root_};
  std::vector<node> next{root_};
  while (!next.empty()) {
    const node n = next.back();
    next.pop_back();
    visit(*n);
    for (const auto& [name, child] : durable ? n->durable_names : n->names)
      if (seen.insert(child).second) {
        child->folder = n;
        next.push_back(child);
      }
  }
}

void power_disk::keep() {
  settle([](const act&) { return true; });
  walk(false, [](inode& n) {
    n.durable = n.now;
    n.since.clear();
  });
}

/// Of each file any of the writes may have arrived, in pieces of a sector, and later ones without earlier
/// ones. A sector is old or new, and new space holds zeros: PostgreSQL counts on that, and so no garbage is
/// made here.
void power_disk::survive(inode& of) {
  static constexpr std::size_t chances[] = {0, 30, 128, 230, 256}; // of 256
  const std::size_t chance = keeps_nothing_ ? 0 : chances[below(std::size(chances))];
  for (const write& w : of.since) {
    if (w.truncates) {
      if (below(256) < chance) arrive(of.durable, w);
      continue;
    }
    for (std::size_t done = 0; done < w.bytes.size();) {
      const std::size_t offset = w.offset + done;
      const std::size_t size = std::min(w.bytes.size() - done, sector_size - offset % sector_size);
      if (below(256) < chance) {
        ++kept_;
        arrive(of.durable, {.offset = offset, .bytes = w.bytes.substr(done, size)});
      } else {
        ++lost_;
        if (chance > 0 && below(4) == 0 && of.durable.size() < offset + size)
          of.durable.resize(offset + size); // a hole
      }
      done += size;
    }
  }
}

std::string power_disk::lose_power(unsigned seed) {
  random_.seed(seed);
  lost_ = kept_ = 0;
  keeps_nothing_ = below(4) == 0;
  const std::size_t named = acts_.size();
  const std::size_t chance = keeps_nothing_ ? 0 : below(257);
  settle([&](const act&) { return below(256) < chance; });
  const std::size_t forgotten = acts_.size();
  acts_.clear();
  walk(true, [&](inode& n) {
    if (S_ISREG(n.mode)) {
      survive(n);
      n.now = n.durable;
      n.since.clear();
    }
    n.names = n.durable_names;
  });
  is_off = true;
  ++era;
  return std::to_string(lost_) + " of " + std::to_string(lost_ + kept_) + " sectors and " +
         std::to_string(forgotten) + " of " + std::to_string(named) + " names forgotten";
}

/// What FUSE calls; each with the lock, and only while there is power.
struct calls {
  using info = fuse_file_info;
  using guard = std::lock_guard<std::mutex>;

  static handle& ours(const info* fi) {
    return *reinterpret_cast<handle*>(fi->fh); // NOLINT(performance-no-int-to-ptr)
  }
  static void open_as(info* fi, node of) {
    fi->fh = reinterpret_cast<std::uintptr_t>(new handle{std::move(of), disk.era, fi->flags});
  }

  /// Calls `with` with the node of the open file, or else of the path.
  template <class With>
  static int at(const char* path, const info* fi, With with) {
    const guard held(disk.lock);
    if (disk.is_off) return -EIO;
    if (fi != nullptr && fi->fh != 0) return ours(fi).era == disk.era ? with(ours(fi).of) : -EIO;
    const node of = disk.find(path).of;
    return of == nullptr ? -ENOENT : with(of);
  }

  /// Names what does not exist yet.
  static int add(const char* path, const node& made) {
    const place to = disk.find(path);
    if (disk.is_off) return -EIO;
    if (to.of != nullptr) return -EEXIST;
    if (to.folder == nullptr) return -ENOENT;
    disk.name({{to.folder, to.name, made}});
    return 0;
  }
  static node make(mode_t mode) {
    const fuse_context* who = fuse_get_context();
    return power_disk::make(mode, who->uid, who->gid);
  }

  static void describe(const inode& of, struct stat* s) {
    *s = {};
    s->st_mode = of.mode;
    s->st_nlink = 1;
    s->st_uid = of.owner;
    s->st_gid = of.group;
    s->st_size = static_cast<off_t>(of.now.size());
    s->st_blocks = static_cast<blkcnt_t>((of.now.size() + sector_size - 1) / sector_size);
    s->st_atim = s->st_mtim = s->st_ctim = of.changed;
  }

  // Nothing is cached by the kernel: each call comes here, and a loss of power leaves it nothing to remember.
  static void* init(fuse_conn_info*, fuse_config* config) {
    config->hard_remove = 1;
    config->nullpath_ok = 1;
    config->direct_io = 1;
    config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
    std::thread(command).detach();
    return nullptr;
  }

  static void command() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr); // they are the main thread's, which ends by them
    std::cout << "mounted" << std::endl;
    for (std::string word; std::cin >> word;) {
      const guard held(disk.lock);
      std::string answer = word;
      unsigned seed = 0;
      if (word == "keep")
        disk.keep();
      else if (word == "off" && std::cin >> seed)
        answer = disk.lose_power(seed);
      else if (word == "on")
        disk.is_off = false;
      else
        answer = "accepted: keep, off SEED, on";
      std::cout << answer << std::endl;
    }
    kill(getpid(), SIGTERM);
  }

  static int getattr(const char* path, struct stat* s, info* fi) {
    return at(path, fi, [&](const node& of) { return describe(*of, s), 0; });
  }

  static int readdir(const char* path, void* to, fuse_fill_dir_t fill, off_t, info* fi, fuse_readdir_flags) {
    return at(path, fi, [&](const node& of) {
      for (const char* dots : {".", ".."}) fill(to, dots, nullptr, 0, {});
      for (const auto& [name, child] : of->names) fill(to, name.c_str(), nullptr, 0, {});
      return 0;
    });
  }

  static int open(const char* path, info* fi) {
    fi->fh = 0;
    return at(path, fi, [&](const node& of) {
      if ((fi->flags & O_TRUNC) != 0) disk.change_content(*of, {.offset = 0, .truncates = true});
      return open_as(fi, of), 0;
    });
  }

  static int create(const char* path, mode_t mode, info* fi) {
    const guard held(disk.lock);
    const node made = make(S_IFREG | (mode & 07777));
    const int code = add(path, made);
    if (code == 0) open_as(fi, made);
    return code;
  }

  static int release(const char*, info* fi) {
    const guard held(disk.lock);
    delete &ours(fi);
    return 0;
  }

  static int mkdir(const char* path, mode_t mode) {
    const guard held(disk.lock);
    return add(path, make(S_IFDIR | (mode & 07777)));
  }

  static int link(const char* from, const char* path) {
    return at(from, nullptr, [&](const node& of) { return add(path, of); });
  }

  static int remove(const char* path) {
    return at(path, nullptr, [&](const node& of) {
      if (!of->names.empty()) return -ENOTEMPTY;
      const place gone = disk.find(path);
      disk.name({{gone.folder, gone.name, nullptr}});
      return 0;
    });
  }

  static int rename(const char* from, const char* to, unsigned flags) {
    return at(from, nullptr, [&](const node& of) {
      const place old = disk.find(from), next = disk.find(to);
      if ((flags & ~1U) != 0) return -EINVAL; // 1: RENAME_NOREPLACE
      if (next.folder == nullptr) return -ENOENT;
      if (next.of != nullptr && flags != 0) return -EEXIST;
      if (next.of != nullptr && !next.of->names.empty()) return -ENOTEMPTY;
      if (next.of != of) disk.name({{old.folder, old.name, nullptr}, {next.folder, next.name, of}});
      return 0;
    });
  }

  static int read(const char* path, char* to, std::size_t size, off_t offset, info* fi) {
    return at(path, fi, [&](const node& of) {
      const auto from = static_cast<std::size_t>(offset);
      return from >= of->now.size() ? 0 : static_cast<int>(of->now.copy(to, size, from));
    });
  }

  static int write(const char* path, const char* from, std::size_t size, off_t offset, info* fi) {
    const int code = at(path, fi, [&](const node& of) {
      const bool appends = (ours(fi).flags & O_APPEND) != 0;
      disk.change_content(*of, {.offset = appends ? of->now.size() : static_cast<std::size_t>(offset),
                                .bytes = std::string(from, size)});
      return static_cast<int>(size);
    });
    if (code < 0 || (ours(fi).flags & O_DSYNC) == 0) return code; // O_SYNC has that bit too
    const int synced = sync(path, 1, fi);
    return synced < 0 ? synced : code;
  }

  static int truncate(const char* path, off_t size, info* fi) {
    return at(path, fi, [&](const node& of) {
      disk.change_content(*of, {.offset = static_cast<std::size_t>(size), .truncates = true});
      return 0;
    });
  }

  static int sync(const char* path, int, info* fi) {
    bool takes_time = false;
    at(path, fi, [&](const node& of) { return takes_time = !of->since.empty(), 0; });
    if (takes_time) std::this_thread::sleep_for(disk.sync_time);
    return at(path, fi, [&](const node& of) { return disk.sync(of), 0; });
  }

  static int chmod(const char* path, mode_t mode, info* fi) {
    return at(path, fi, [&](const node& of) { return of->mode = (of->mode & S_IFMT) | (mode & 07777), 0; });
  }

  static int chown(const char* path, uid_t owner, gid_t group, info* fi) {
    return at(path, fi, [&](const node& of) {
      if (owner != static_cast<uid_t>(-1)) of->owner = owner;
      if (group != static_cast<gid_t>(-1)) of->group = group;
      return 0;
    });
  }
};

} // namespace

int main(int argc, char** argv) {
  const char* folder = nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--lying")
      disk.syncs_lie = true;
    else if (word == "--sync-us" && i + 1 < argc)
      disk.sync_time = std::chrono::microseconds(std::atoi(argv[++i]));
    else
      folder = argv[i];
  }
  if (folder == nullptr) {
    std::cerr << "power_disk FOLDER [--lying] [--sync-us N]\n";
    return 2;
  }
  fuse_operations all{};
  all.init = calls::init;
  all.getattr = calls::getattr;
  all.readdir = calls::readdir;
  all.open = all.opendir = calls::open;
  all.create = calls::create;
  all.release = all.releasedir = calls::release;
  all.mkdir = calls::mkdir;
  all.link = calls::link;
  all.unlink = all.rmdir = calls::remove;
  all.rename = calls::rename;
  all.read = calls::read;
  all.write = calls::write;
  all.truncate = calls::truncate;
  all.fsync = all.fsyncdir = calls::sync;
  all.chmod = calls::chmod;
  all.chown = calls::chown;
  std::string words[] = {"power_disk", "-f", "-o", "allow_other,auto_unmount,fsname=power_disk", folder};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), words[4].data()};
  return fuse_main(static_cast<int>(std::size(arguments)), arguments, &all, nullptr);
}
