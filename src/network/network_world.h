// SPDX-License-Identifier: Apache-2.0
// For tests: a hub and sites with folders of their own, over real TLS on loopback.
//
//   NetworkWorld world(4);
//   world.StartHub();  world.StartSites();
//   const std::string hash = world.Submit(kStudy);  world.ApproveEverywhere(hash);
//   EXPECT_EQ(world.WaitFor(hash).state, "finished");
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "federation/in_process.h"
#include "network/hub_client.h"
#include "network/hub_folder.h"
#include "network/hub_service.h"
#include "network/site_folder.h"
#include "network/site_link.h"
#include "stats/method.h"
#include "stats/study_run.h"

namespace clinnova::network {

template <typename T>
T Must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// A port of 127.0.0.1 that nobody listens on.
inline int FreePort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0) {
    throw std::runtime_error("no free port");
  }
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

class NetworkWorld {
 public:
  explicit NetworkWorld(std::size_t sites) {
    static int number = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("clinnova-network-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    listen_ = "127.0.0.1:" + std::to_string(FreePort());
    Must(InitHub({.folder = hub_folder(), .name = "Test hub", .listen = listen_}));
    for (std::size_t s = 0; s < sites; ++s) {
      names_.push_back("site" + std::to_string(s));
      WriteTable(s);
    }
  }
  ~NetworkWorld() {
    sites_.clear();
    hub_.reset();
    std::error_code failure;
    std::filesystem::remove_all(folder_, failure);
  }

  std::filesystem::path hub_folder() const { return folder_ / "hub"; }
  std::filesystem::path site_folder(std::size_t s) const { return folder_ / names_[s]; }
  std::string table_file(std::size_t s) const { return (folder_ / (names_[s] + ".csv")).string(); }
  const std::filesystem::path& folder() const { return folder_; }
  const std::vector<std::string>& names() const { return names_; }
  const std::string& listen() const { return listen_; }

  void StartHub(std::chrono::milliseconds patience = std::chrono::minutes(1)) {
    hub_ = Must(HubServer::Start({.folder = hub_folder(), .patience = patience}));
  }
  void StopHub() { hub_.reset(); }
  HubServer& hub() { return *hub_; }

  /// Invites and enrols every site; the hub must serve.
  void InitSites(int minimum_count = 5) {
    for (std::size_t s = 0; s < names_.size(); ++s) {
      const std::string invite = Must(MakeInvite({.folder = hub_folder(), .site = names_[s]}));
      Must(InitSite({.folder = site_folder(s),
                     .invite = invite,
                     .table = table_file(s),
                     .minimum_count = minimum_count}));
    }
  }
  void StartSite(std::size_t s) {
    sites_.resize(names_.size());
    sites_[s] = Must(SiteServer::Start({.folder = site_folder(s)}));
  }
  void StartSites() {
    for (std::size_t s = 0; s < names_.size(); ++s) StartSite(s);
  }
  void StopSite(std::size_t s) { sites_[s].reset(); }

  HubEndpoint endpoint() const { return Must(LocalHub(hub_folder())); }
  std::string Submit(const std::string& toml) {
    const auto study = Must(federation::Study::FromToml(toml, "study.toml"));
    return Must(SubmitStudy(endpoint(), study.canonical_json())).hash;
  }
  /// As soon as the offer has arrived.
  void Approve(std::size_t s, const std::string& hash) {
    for (int i = 0; i < 200; ++i) {
      const auto decided = Decide(site_folder(s), hash, StewardSays::kApprove);
      if (decided) return;
      if (i == 199) throw std::runtime_error(decided.error().message);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  void ApproveEverywhere(const std::string& hash) {
    for (std::size_t s = 0; s < names_.size(); ++s) Approve(s, hash);
  }
  StudyStatus WaitFor(const std::string& hash,
                      std::chrono::seconds patience = std::chrono::seconds(60)) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (true) {
      const StudyStatus status = Must(GetStudyStatus(endpoint(), hash));
      const bool over = status.state != "submitted" && status.state != "running";
      if (over || std::chrono::steady_clock::now() > deadline) return status;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  /// The result file of the same study over the same tables in this process.
  std::string InProcess(const std::string& toml) {
    const auto study = Must(federation::Study::FromToml(toml, "study.toml"));
    const auto declarations = Must(stats::ColumnDeclarations(study));
    std::vector<table::SiteSchema> schemas;
    std::vector<stats::SiteRows> rows;
    for (std::size_t s = 0; s < names_.size(); ++s) {
      schemas.push_back(Must(table::DescribeFile(table_file(s), declarations)));
      const auto told = static_cast<std::int64_t>(schemas.back().rows);
      rows.push_back({names_[s], told < study.minimum_count() ? -1 : told});
    }
    const auto schema = Must(table::UnifySchemas(schemas, declarations, names_));
    std::vector<table::Table> tables;
    for (std::size_t s = 0; s < names_.size(); ++s) {
      tables.push_back(Must(table::ReadFile(table_file(s), schema, names_[s])));
    }
    const auto federation =
        Must(federation::InProcessFederation::Create({.study = study,
                                                      .site_names = names_,
                                                      .tables = std::move(tables),
                                                      .steps = &stats::Steps(),
                                                      .minimum_count = study.minimum_count(),
                                                      .threads = 1}));
    return Must(stats::RunStudy(*federation, study, rows, {})).result_json;
  }

  /// How often a ledger of a site says `text`.
  int LedgerSays(std::size_t s, const std::string& text) const {
    const auto log = Must(ReadReleaseLog(site_folder(s)));
    if (log.check.fault) throw std::runtime_error("ledger: " + log.check.fault->what);
    int count = 0;
    for (const auto& entry : log.entries)
      count += entry.body.find(text) != std::string::npos ? 1 : 0;
    return count;
  }

 private:
  /// 60 synthetic persons with a known dependence of `response` on `drug`, `age` and `crp`.
  void WriteTable(std::size_t s) const {
    std::ofstream out(table_file(s));
    out << "person,response,drug,age,crp,sex\n";
    std::uint64_t state = 88172645463325252ULL + 7919 * s;
    const auto next = [&] {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      return static_cast<double>(state % 100000) / 100000.0;
    };
    for (int i = 0; i < 60; ++i) {
      const double age = 30 + 40 * next();
      const double crp = 3 + 20 * next();
      const bool drug = next() < 0.5;
      const double p = 0.3 + (drug ? 0.2 : 0) + 0.004 * (age - 50);
      out << "p" << s << "-" << i << ',' << (next() < p ? 1 : 0) << ',' << (drug ? "B" : "A") << ','
          << std::to_string(age) << ',' << std::to_string(crp) << ',' << (next() < 0.6 ? "F" : "M")
          << '\n';
    }
  }

  std::filesystem::path folder_;
  std::string listen_;
  std::vector<std::string> names_;
  std::unique_ptr<HubServer> hub_;
  std::vector<std::unique_ptr<SiteServer>> sites_;
};

inline std::string StudyText(std::size_t sites, const std::string& title = "Response") {
  std::string names;
  for (std::size_t s = 0; s < sites; ++s)
    names += (s == 0 ? "\"site" : ", \"site") + std::to_string(s) + "\"";
  return "[study]\ntitle = \"" + title + "\"\npurpose = \"test\"\npermit = \"none\"\nsites = [" +
         names +
         "]\nminimum_sites = 3\n\n[[analysis]]\nname = \"response\"\nmethod = \"glm\"\n"
         "formula = \"response ~ drug + age + crp\"\nfamily = \"binomial\"\n\n"
         "[[analysis]]\nname = \"ages\"\nmethod = \"summary\"\nvariables = [\"age\", \"drug\"]\n";
}

}  // namespace clinnova::network
