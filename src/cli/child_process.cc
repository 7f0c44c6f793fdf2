// SPDX-License-Identifier: Apache-2.0
#include "cli/child_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

extern char** environ;

namespace clinnova::cli {
namespace {

std::vector<char*> Pointers(const std::vector<std::string>& arguments) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments)
    pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::string ReadAll(int descriptor) {
  std::string text;
  char buffer[4096];
  for (ssize_t size = 0; (size = read(descriptor, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(size));
  }
  return text;
}

std::string LastLine(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const std::size_t line = text.rfind('\n');
  return line == std::string::npos ? text : text.substr(line + 1);
}

tl::unexpected<Error> CannotStart(const std::string& program, int error) {
  return Fail(ErrorCode::kFailed, program + " cannot be started: " + std::strerror(error));
}

}  // namespace

Result<std::string> RunProgram(const std::vector<std::string>& arguments) {
  int output[2];
  if (pipe2(output, O_CLOEXEC) != 0) return CannotStart(arguments.front(), errno);
  char errors[] = "/tmp/clinnova-XXXXXX";
  const int error_file = mkostemp(errors, O_CLOEXEC);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  if (error_file >= 0) posix_spawn_file_actions_adddup2(&actions, error_file, STDERR_FILENO);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, arguments.front().c_str(), &actions, nullptr,
                                 Pointers(arguments).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(output[1]);
  std::string text;
  int status = -1;
  if (failed == 0) {
    text = ReadAll(output[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
  }
  close(output[0]);
  std::string complaint;
  if (error_file >= 0) {
    lseek(error_file, 0, SEEK_SET);
    complaint = LastLine(ReadAll(error_file));
    close(error_file);
    unlink(errors);
  }
  if (failed != 0) return CannotStart(arguments.front(), failed);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::string command = "clinnova";
    for (std::size_t i = 1; i < arguments.size() && i < 3; ++i) command += " " + arguments[i];
    return Fail(ErrorCode::kFailed, command + ": " + complaint);
  }
  return text;
}

Result<ChildProcess> ChildProcess::Start(const std::vector<std::string>& arguments,
                                         const std::string& log) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, arguments.front().c_str(), &actions, nullptr,
                                 Pointers(arguments).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return CannotStart(arguments.front(), failed);
  return ChildProcess(pid);
}

ChildProcess::~ChildProcess() { End(); }
ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    End();
    pid_ = std::exchange(other.pid_, -1);
  }
  return *this;
}

bool ChildProcess::Running() {
  if (pid_ < 0) return false;
  if (waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ >= 0;
}

void ChildProcess::End() {
  if (!Running()) return;
  kill(pid_, SIGTERM);
  for (int tick = 0; tick < 100 && Running(); ++tick) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (!Running()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string OwnProgram() {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "clinnova" : path.string();
}

Result<int> FreePort() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool found = descriptor >= 0 &&
                     bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                     getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (descriptor >= 0) close(descriptor);
  if (!found) return Fail(ErrorCode::kFailed, std::string("no free port: ") + std::strerror(errno));
  return ntohs(address.sin_port);
}

}  // namespace clinnova::cli
