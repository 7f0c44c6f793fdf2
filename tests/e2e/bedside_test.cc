// SPDX-License-Identifier: Apache-2.0
// The whole way of a model as processes: registered at the hub, taken into use at a site, asked by a clinical system.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <signal.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <regex>
#include <thread>

#include "decision/bedside_fixture.h"
#include "network/hub_store.h"
#include "program_fixture.h"

namespace clinnova::decision {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A port that is free now: the hub's invites carry its number.
int FreePort() {
  const int door = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(door, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(door, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(door);
  return ntohs(address.sin_port);
}

class BedsideProgram : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("bedside_e2e_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override {
    Stop("site");
    Stop("hub");
    fs::remove_all(folder_);
  }

  /// Runs the program in the folder; the exit code.
  int Run(const std::string& arguments) {
    last_ = RunProgram(folder_, arguments);
    return last_.code;
  }
  const std::string& Out() const { return last_.out; }
  const std::string& Errors() const { return last_.errors; }

  /// Begins a server and waits until its log matches; gives the first group.
  std::string Begin(const std::string& name, const std::string& arguments,
                    const std::string& pattern) {
    const std::string command = "cd '" + folder_.string() + "' && { '" CLINNOVA_PROGRAM "' " +
                                arguments + " 2>" + name + ".log & echo $! > " + name + ".pid; }";
    EXPECT_EQ(std::system(command.c_str()), 0);
    for (int i = 0; i < 600; ++i) {
      const std::string log = ReadAll(folder_ / (name + ".log"));
      std::smatch found;
      if (std::regex_search(log, found, std::regex(pattern))) return found[1];
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ADD_FAILURE() << ReadAll(folder_ / (name + ".log"));
    return {};
  }
  void Stop(const std::string& name) {
    const pid_t id = std::atoi(ReadAll(folder_ / (name + ".pid")).c_str());
    if (id <= 0) return;
    ::kill(id, SIGTERM);
    for (int i = 0; i < 200 && ::kill(id, 0) == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    fs::remove(folder_ / (name + ".pid"));
  }

  /// Puts a finished study with the sample model into the hub's store; its hash.
  std::string FinishedStudy() {
    const auto study = federation::Study::FromCanonicalJson(SampleStudy()).value();
    auto store = network::HubStore::Open(folder_ / "hub" / "hub.db").value();
    const std::string hash = core::ToHex(study.hash());
    EXPECT_TRUE(
        store->AddStudy({.hash = hash, .canonical = study.canonical_json(), .state = "running"}));
    EXPECT_TRUE(store->Close(hash, "finished", "", SampleResult(), 1));
    return hash;
  }

  fs::path folder_;
  Ending last_;
};

TEST_F(BedsideProgram, TakesAModelFromTheHubToThePhysician) {
  ASSERT_EQ(Run("hub init hub --name test --listen 127.0.0.1:" + std::to_string(FreePort())), 0)
      << Errors();
  const std::string hash = FinishedStudy();
  EXPECT_EQ(Run("hub model register " + hash.substr(0, 8) + " other --name choice --dir hub"), 2);
  ASSERT_EQ(Run("hub model register " + hash.substr(0, 8) + " choice --name choice --dir hub"), 0)
      << Errors();
  const std::string address = Begin("hub", "hub serve --dir hub", "listens on ([0-9.:]+)");
  ASSERT_EQ(Run("hub invite basel --dir hub"), 0);
  std::ofstream(folder_ / "invite") << Out();
  ASSERT_EQ(Run("site init basel --invite @invite"), 0) << Errors() << address;

  // One changed byte in the model is refused, and noted.
  std::string text = ReadAll(folder_ / "hub" / "models" / "choice-1.json");
  text.replace(text.find("-2.6"), 4, "-2.7");
  std::ofstream(folder_ / "forged.json") << text;
  EXPECT_EQ(Run("site model add forged.json --dir basel"), 3);
  EXPECT_NE(Errors().find("signature"), std::string::npos) << Errors();
  ASSERT_EQ(Run("site model add hub/models/choice-1.json --dir basel"), 0) << Errors();
  ASSERT_EQ(Run("site model approve choice 1 --dir basel"), 0) << Errors();

  const std::string port =
      Begin("site", "site serve --dir basel --http 0", "CDS Hooks at http://127.0.0.1:([0-9]+)/");
  httplib::Client client("127.0.0.1", std::atoi(port.c_str()));
  client.set_read_timeout(60);
  const json request = {{"hook", "patient-view"},
                        {"hookInstance", "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"},
                        {"context", {{"userId", "Practitioner/1"}, {"patientId", "p1"}}},
                        {"prefetch", SamplePatient{}.Prefetch()}};
  const auto ask = [&] {
    const auto answer =
        client.Post("/cds-services/clinnova-patient-view", request.dump(), "application/json");
    EXPECT_TRUE(answer);
    EXPECT_EQ(answer->status, 200) << answer->body;
    return json::parse(answer->body)["cards"];
  };
  ASSERT_EQ(ask().size(), 1u);
  // The steward takes it away while the site serves.
  ASSERT_EQ(Run("site model remove choice 1 --dir basel"), 0) << Errors();
  EXPECT_TRUE(ask().empty());
  Stop("site");
  ASSERT_EQ(Run("site release-log --dir basel"), 0) << Errors();
  for (const char* entry : {"bad_signature", "\"event\":\"approved\"", "inference", "verified"}) {
    EXPECT_NE(Out().find(entry), std::string::npos) << entry << "\n" << Out();
  }
}

}  // namespace
}  // namespace clinnova::decision
