// SPDX-License-Identifier: Apache-2.0
// What crosses the network: everything that a site sends in a study is recorded, inside TLS and outside of
// it, and searched for the site's plain contributions and its patients' values.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <sstream>

#include "federation/site_runner.h"
#include "network/agent_world.h"

namespace clinnova::network {
namespace {

constexpr std::size_t kSites = 4;

bool Contains(const core::Bytes& haystack, core::ByteView needle) {
  return std::search(haystack.begin(), haystack.end(), needle.begin(), needle.end()) !=
         haystack.end();
}
bool Contains(const core::Bytes& haystack, const std::string& needle) {
  return Contains(haystack, {reinterpret_cast<const std::uint8_t*>(needle.data()), needle.size()});
}

/// An honest hub over the agents; keeps what it asked.
class AgentFederation final : public federation::Federation {
 public:
  AgentFederation(AgentWorld& world, table::Schema schema)
      : world_(world), schema_(std::move(schema)) {}
  const table::Schema& schema() const override { return schema_; }
  const std::vector<std::string>& sites() const override { return world_.folders().names(); }
  int minimum_count() const override { return 5; }
  std::vector<federation::RoundRequest> requests;

 protected:
  Result<std::vector<federation::Int128>> Round(const federation::RoundRequest& request,
                                                const federation::Layout& layout) override {
    requests.push_back(request);
    auto round =
        Must(world_.hub().BeginRound(HeaderOf(request, layout, core::Blake2b(world_.frozen()))));
    for (std::size_t s = 0; s < world_.size(); ++s) {
      Must(round.AddUpload(
          world_.Ask(s, HubMessageKind::kUpload, AgentWorld::Upload(request, round.header()))
              .body));
    }
    const core::Bytes survivors = Must(round.NameSurvivors(round.uploaded()));
    for (std::size_t s = 0; s < world_.size(); ++s) {
      Must(round.AddStatement(world_.Ask(s, HubMessageKind::kSurvivors, survivors).body));
    }
    for (std::size_t s = 0; s < world_.size(); ++s) {
      Must(round.AddUnmasking(
          world_.Ask(s, HubMessageKind::kUnmask, Must(round.UnmaskRequestFor(s))).body));
    }
    return Must(round.Finish()).elements;
  }

 private:
  AgentWorld& world_;
  table::Schema schema_;
};

/// The values of the site's patients, as text and as the bytes of a double.
struct PatientValues {
  std::vector<std::string> texts;
  std::vector<double> numbers;
};

PatientValues ValuesOf(const std::string& file) {
  PatientValues values;
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string person, response, drug, age, crp;
    for (std::string* field : {&person, &response, &drug, &age, &crp})
      std::getline(fields, *field, ',');
    values.texts.insert(values.texts.end(), {person, age, crp});
    values.numbers.insert(values.numbers.end(), {std::stod(age), std::stod(crp)});
  }
  return values;
}

TEST(Recording, NoBlockInClearAndNoPatientValueLeavesASite) {
  AgentWorld world(kSites);
  world.OfferAndApprove(StudyText(kSites));
  world.EnterRun();
  const auto schema = Must(core::Decode<FrozenTable>(world.frozen())).schema;
  AgentFederation federation(world, schema);
  Must(stats::RunStudy(federation, world.study(), {}, {}));
  ASSERT_GT(federation.requests.size(), 5u);
  for (std::size_t s = 0; s < kSites; ++s) {
    const core::Bytes sent = world.SentBy(s);
    ASSERT_GT(sent.size(), 10'000u);
    const std::string file = world.folders().table_file(s);
    const federation::SiteRunner runner(
        {.study = world.study(),
         .table = Must(table::ReadFile(file, schema, world.folders().names()[s])),
         .steps = &stats::Steps()});
    int searched = 0;
    for (const auto& request : federation.requests) {
      const auto plain = Must(runner.Contribute(request, core::Hash{}));
      for (const __int128 element : plain) {
        core::Bytes bytes(sizeof(element));
        std::memcpy(bytes.data(), &element, sizeof(element));
        // Numbers of few digits, such as counts, stand in any message by chance.
        if (std::count_if(bytes.begin(), bytes.end(),
                          [](std::uint8_t b) { return b != 0 && b != 255; }) < 6)
          continue;
        EXPECT_FALSE(Contains(sent, bytes));
        ++searched;
      }
    }
    EXPECT_GT(searched, 20);
    const PatientValues values = ValuesOf(file);
    ASSERT_EQ(values.texts.size(), 180u);
    for (const std::string& text : values.texts) EXPECT_FALSE(Contains(sent, text)) << text;
    for (const double number : values.numbers) {
      core::Bytes bytes(sizeof(number));
      std::memcpy(bytes.data(), &number, sizeof(number));
      EXPECT_FALSE(Contains(sent, bytes)) << number;
    }
    // The search finds what is there: the names of columns do leave.
    EXPECT_TRUE(Contains(sent, "crp"));
  }
}

/// Passes bytes between a site and the hub and keeps a copy of all of them.
class Tap {
 public:
  explicit Tap(int hub_port) : hub_port_(hub_port), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = Loopback(0);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ::listen(listener_, 8);
    socklen_t size = sizeof(address);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~Tap() {
    stop_ = true;
    thread_.join();
    for (const int socket : sockets_) ::close(socket);
    ::close(listener_);
  }
  int port() const { return port_; }
  core::Bytes Recorded() {
    const std::lock_guard lock(mutex_);
    return recorded_;
  }

 private:
  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }
  void Accept() {
    const int site = ::accept(listener_, nullptr, nullptr);
    const int hub = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = Loopback(hub_port_);
    ::connect(hub, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    sockets_.insert(sockets_.end(), {site, hub});  // pairs: even and odd pass to each other
  }
  void Pass(std::size_t from) {
    char buffer[65536];
    const ssize_t size = ::recv(sockets_[from], buffer, sizeof(buffer), 0);
    if (size <= 0) {
      ::shutdown(sockets_[from ^ 1], SHUT_WR);
      ended_.insert(from);
      return;
    }
    for (ssize_t at = 0; at < size;) {
      const ssize_t sent = ::send(sockets_[from ^ 1], buffer + at,
                                  static_cast<std::size_t>(size - at), MSG_NOSIGNAL);
      if (sent <= 0) break;
      at += sent;
    }
    const std::lock_guard lock(mutex_);
    recorded_.insert(recorded_.end(), buffer, buffer + size);
  }
  void Serve() {
    while (!stop_) {
      std::vector<pollfd> polled = {{listener_, POLLIN, 0}};
      for (std::size_t i = 0; i < sockets_.size(); ++i) {
        polled.push_back({ended_.contains(i) ? -1 : sockets_[i], POLLIN, 0});
      }
      if (::poll(polled.data(), polled.size(), 50) <= 0) continue;
      for (std::size_t i = 1; i < polled.size(); ++i) {
        if (polled[i].revents != 0) Pass(i - 1);
      }
      if (polled[0].revents != 0) Accept();
    }
  }

  int hub_port_;
  int listener_;
  int port_ = 0;
  std::vector<int> sockets_;
  std::set<std::size_t> ended_;
  std::mutex mutex_;
  core::Bytes recorded_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

TEST(Recording, OnTheWireEverythingIsEncrypted) {
  NetworkWorld world(3);
  world.StartHub();
  world.InitSites();
  Tap tap(std::stoi(world.listen().substr(world.listen().rfind(':') + 1)));
  const auto site = Must(SiteServer::Start(
      {.folder = world.site_folder(0), .hub = "127.0.0.1:" + std::to_string(tap.port())}));
  world.StartSite(1);
  world.StartSite(2);
  const std::string hash = world.Submit(StudyText(3));
  world.ApproveEverywhere(hash);
  ASSERT_EQ(world.WaitFor(hash).state, "finished");
  const core::Bytes recorded = tap.Recorded();
  ASSERT_GT(recorded.size(), 20'000u);
  for (const std::string word :
       {"crp", "drug", "response", "site1", "Response", "clinnova/upload"}) {
    EXPECT_FALSE(Contains(recorded, word)) << word;
  }
  for (const std::string& text : ValuesOf(world.table_file(0)).texts)
    EXPECT_FALSE(Contains(recorded, text));
}

}  // namespace
}  // namespace clinnova::network
