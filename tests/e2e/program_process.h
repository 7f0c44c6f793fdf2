// SPDX-License-Identifier: Apache-2.0
// The program as a server: `clinnova ARGUMENTS` beside the test.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <string>
#include <vector>

extern char** environ;

namespace clinnova {

/// A process of the program, which dies with its owner.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {
    Start();
  }
  ~Process() { Kill(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Start() {
    std::vector<char*> argv = {const_cast<char*>(CLINNOVA_PROGRAM)};
    for (std::string& argument : arguments_) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&id_, CLINNOVA_PROGRAM, &files, nullptr, argv.data(), environ) != 0) id_ = -1;
    posix_spawn_file_actions_destroy(&files);
  }
  void Kill() {
    if (id_ <= 0) return;
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
    id_ = -1;
  }
  bool Alive() { return id_ > 0 && ::waitpid(id_, nullptr, WNOHANG) == 0; }

 private:
  std::vector<std::string> arguments_;
  pid_t id_ = -1;
};

}  // namespace clinnova
