// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL server of a test's own: in a temporary folder, on a Unix socket only, gone with the test.
//
//   TestServer server;                                     // GTEST_SKIP where none is installed: TestServer::Installed()
//   server.Do("CREATE SCHEMA omop");                       // as its owner
//   Postgres::Connect(server.Connection("reader"));        // password in a password file
//
// For tests only.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "store/cdm54.h"
#include "store/postgres.h"
#include "store/store.h"

namespace clinnova::store {

class TestServer {
 public:
  /// The folder of initdb and postgres; empty where the server is not installed.
  static std::filesystem::path Programs() {
    namespace fs = std::filesystem;
    fs::path newest;
    std::error_code none;
    for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
      const fs::path programs = version.path() / "bin";
      if (fs::exists(programs / "initdb") && programs > newest) newest = programs;
    }
    return newest;
  }
  static bool Installed() { return !Programs().empty(); }
  static constexpr const char* kNotInstalled =
      "PostgreSQL's server is not installed (Debian: postgresql)";

  TestServer() {
    std::string pattern = "/tmp/clinnova-pg-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    Write("password", "owner's\n");
    Write("pgpass", "*:*:*:owner:owner's\n*:*:*:reader:reader's\n");
    std::filesystem::permissions(folder_ / "pgpass", std::filesystem::perms(0600));
    std::filesystem::create_directories(folder_ / "socket");
    GiveAway();
    Run({"initdb", "-D", (folder_ / "data").string(), "-U", "owner", "--auth=scram-sha-256",
         "--pwfile=" + (folder_ / "password").string(), "--no-sync", "-E", "UTF8", "--locale=C"});
    Start();
    Do("CREATE ROLE reader LOGIN PASSWORD 'reader''s'");
  }
  ~TestServer() {
    Stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

  /// "host=… user=USER …" with the password file.
  std::string Connection(const std::string& user) const {
    return "host=" + (folder_ / "socket").string() + " dbname=postgres user=" + user +
           " passfile=" + (folder_ / "pgpass").string();
  }

  /// Runs statements as the owner of everything.
  void Do(const std::string& sql) const {
    auto owner = Postgres::Connect(Connection("owner"));
    ASSERT_TRUE(owner.has_value()) << owner.error().message;
    const auto done = owner->Execute(sql);
    ASSERT_TRUE(done.has_value()) << sql << "\n" << done.error().message;
  }

  /// The CDM of `store` as a hospital would have it: OHDSI's types (value_as_number is NUMERIC), in `schema`,
  /// readable by the user reader. `clinnova_person` beside it lists who gave consent.
  void PutCdm(Store& store, const std::string& schema) const {
    std::string ddl = "CREATE SCHEMA " + schema + ";\n";
    std::vector<std::string> tables;
    for (const CdmField& field : Cdm54Fields()) {
      if (tables.empty() || tables.back() != field.table) {
        ddl += tables.empty() ? "" : ");\n";
        tables.emplace_back(field.table);
        ddl += "CREATE TABLE " + schema + "." + tables.back() + " (";
      } else {
        ddl += ", ";
      }
      ddl += "\"" + std::string(field.name) + "\" " + TypeOf(field);
    }
    Do(ddl + ");\nCREATE TABLE " + schema + ".clinnova_person (person_id bigint)");
    for (const std::string& table : tables) PutTable(store, table, schema + "." + table);
    PutTable(store, "clinnova.research_person", schema + ".clinnova_person");
    Do("GRANT USAGE ON SCHEMA " + schema + " TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA " +
       schema + " TO reader; ANALYZE");
  }

  /// As a crash would: no goodbye to who is connected.
  void Stop() {
    if (server_ <= 0) return;
    ::kill(server_, SIGQUIT);
    ::waitpid(server_, nullptr, 0);
    server_ = -1;
  }

  /// Starts it (again) and waits until it answers.
  void Start() {
    server_ =
        Launch({"postgres", "-D", (folder_ / "data").string(), "-k", (folder_ / "socket").string(),
                "-c", "listen_addresses=", "-c", "fsync=off", "-c", "logging_collector=off"});
    for (int tick = 0; tick < 300; ++tick) {
      if (Postgres::Connect(Connection("owner"))) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    throw std::runtime_error("the PostgreSQL server does not answer: " + ReadLog());
  }

 private:
  static std::string TypeOf(const CdmField& field) {
    if (field.type == "integer") return field.name.ends_with("_id") ? "bigint" : "integer";
    if (field.type == "float") return "numeric";
    if (field.type == "date") return "date";
    return field.type == "datetime" ? "timestamp" : "text";
  }

  void PutTable(Store& store, const std::string& from, const std::string& to) const {
    const std::string file = (folder_ / "copy.csv").string();
    const auto written =
        store.database().Execute("COPY " + from + " TO '" + file + "' (FORMAT csv, HEADER false)");
    ASSERT_TRUE(written.has_value()) << written.error().message;
    Do("COPY " + to + " FROM '" + file + "' (FORMAT csv)");
    std::filesystem::remove(file);
  }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string ReadLog() const {
    std::ifstream log(folder_ / "log", std::ios::binary);
    return {std::istreambuf_iterator<char>(log), {}};
  }

  /// PostgreSQL refuses to run as root: the server then is the user nobody.
  static const passwd* ServerUser() { return ::getuid() == 0 ? ::getpwnam("nobody") : nullptr; }
  void GiveAway() const {
    const passwd* user = ServerUser();
    if (user == nullptr) return;
    for (const auto& path : {folder_, folder_ / "password", folder_ / "socket"}) {
      if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) {
        throw std::runtime_error("cannot give " + path.string() + " to nobody");
      }
    }
  }

  /// One of PostgreSQL's programs, which ends with this process.
  pid_t Launch(const std::vector<std::string>& arguments) const {
    const std::string program = (Programs() / arguments[0]).string();
    const std::string log = (folder_ / "log").string();
    const passwd* user = ServerUser();
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (out < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) ::_exit(126);
    if (user != nullptr && (::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) {
      ::_exit(126);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (::chdir(folder_.c_str()) != 0) ::_exit(126);
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }
  void Run(const std::vector<std::string>& arguments) const {
    int status = -1;
    const pid_t child = Launch(arguments);
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) {
      throw std::runtime_error(arguments[0] + " failed: " + ReadLog());
    }
  }

  std::filesystem::path folder_;
  pid_t server_ = -1;
};

}  // namespace clinnova::store
