/// What processes cost, from /proc: CPU time and memory of the server, of the database and of the bench
/// itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace hongyan::bench {

/// CPU seconds (user and system) that a process has used; nothing when it is gone.
std::optional<double> cpu_seconds(pid_t pid);

/// The same for a process, its children that live, and those that it has waited for: PostgreSQL is one
/// process a connection.
std::optional<double> cpu_seconds_with_children(pid_t pid);

/// CPU seconds of this process.
double own_cpu_seconds();

/// CPU seconds that all processes of the machine have used, kernel and hypervisor (steal) included.
double machine_cpu_seconds();

/// Resident bytes (VmRSS) of a process; nothing when it is gone.
std::optional<std::size_t> resident_bytes(pid_t pid);

/// The process of this machine that listens on a TCP port; nothing when it cannot be seen (no such listener,
/// or another user's process).
std::optional<pid_t> listener_of(std::uint16_t port);

/// One line on the machine: cores, processor, memory, kernel.
std::string machine_description();

/// Takes as many file descriptors as the system gives; returns how many may be open.
std::size_t raise_file_limit();

} // namespace hongyan::bench
