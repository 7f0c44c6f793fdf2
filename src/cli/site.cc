// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/number_option.h"
#include "cli/serving.h"
#include "core/hash.h"
#include "network/policy_proposal.h"
#include "network/site_folder.h"
#include "network/site_link.h"
#include "web/cds_hooks.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string folder = ".";
  std::string invite;
  std::string table;
  int minimum_count = 5;
  std::string study;
  int http = -1;
  bool json = false;
};

Result<void> Init(const Arguments& arguments) {
  std::string invite = arguments.invite;
  if (!invite.empty() && invite.front() == '@') {
    CLINNOVA_ASSIGN(invite, ReadText(invite.substr(1)));
  }
  CLINNOVA_ASSIGN(const network::SiteSummary site,
                  network::InitSite({.folder = arguments.folder,
                                     .invite = invite,
                                     .table = arguments.table,
                                     .minimum_count = arguments.minimum_count}));
  if (arguments.json) {
    const nlohmann::ordered_json out = {{"name", site.name},
                                        {"hub", site.hub},
                                        {"address", site.address},
                                        {"authority", site.authority},
                                        {"identity", site.identity}};
    std::printf("%s\n", out.dump().c_str());
    return {};
  }
  std::printf("Site %s joined the hub \"%s\" at %s\nAuthority %s\nIdentity  %s\n",
              site.name.c_str(), site.hub.c_str(), site.address.c_str(), site.authority.c_str(),
              site.identity.c_str());
  return {};
}

/// The door for clinical systems: the desk, what speaks CDS Hooks, and the server, in the order they need each other.
struct Bedside {
  std::unique_ptr<decision::BedsideDesk> desk;
  std::unique_ptr<web::CdsHooks> hooks;
  std::unique_ptr<web::HttpServer> server;
};

/// -1: closed, as it is unless --http or site.toml opens it.
int BedsidePort(const Arguments& arguments, const network::SiteConfig& config) {
  return arguments.http >= 0 ? arguments.http : config.bedside.http.value_or(-1);
}

Result<Bedside> OpenBedside(const Arguments& arguments, const network::SiteConfig& config,
                            federation::Ledger& ledger) {
  Bedside bedside;
  const int port = BedsidePort(arguments, config);
  if (port < 0) return bedside;
  const auto mode = decision::ReadBedsideMode(config.bedside.mode);
  if (!mode) return FailAt("site.toml: bedside", mode);
  const bool required = config.bedside.consent == "required";
  CLINNOVA_ASSIGN(
      bedside.desk,
      decision::BedsideDesk::Open({.folder = arguments.folder,
                                   .site = config.name,
                                   .mode = *mode,
                                   .consent = required ? store::Store::ConsentRule::kRequired
                                                       : store::Store::ConsentRule::kUnlessRefused,
                                   .ledger = &ledger}));
  bedside.hooks = std::make_unique<web::CdsHooks>(*bedside.desk);
  CLINNOVA_ASSIGN(bedside.server,
                  web::HttpServer::Start(web::SiteServerOptions(port), *bedside.hooks));
  std::fprintf(stderr, "CDS Hooks at %scds-services (%s mode)\n", bedside.server->Url().c_str(),
               config.bedside.mode.c_str());
  return bedside;
}

Result<void> Serve(const Arguments& arguments) {
  const std::atomic<bool>& stop = StopRequested();
  CLINNOVA_ASSIGN(const network::SiteConfig config, network::ReadSiteConfig(arguments.folder));
  CLINNOVA_ASSIGN(
      const auto site,
      network::SiteServer::Start({
          .folder = arguments.folder,
          .tables = nullptr,
          .version = CLINNOVA_VERSION,
          .hub = {},
          .tell = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); },
          // A study has hours, a physician has none.
          .gives_way = BedsidePort(arguments, config) >= 0,
      }));
  CLINNOVA_ASSIGN(const auto bedside, OpenBedside(arguments, config, site->ledger()));
  return site->Wait(stop);
}

std::string StateOf(const network::OfferedStudy& study) {
  if (!study.closed.empty()) return study.closed;
  if (!study.decision) return "waiting";
  return study.decision->approved ? "approved" : "rejected";
}

Result<nlohmann::ordered_json> Described(const std::string& folder,
                                         const network::OfferedStudy& study) {
  CLINNOVA_ASSIGN(const auto document, federation::Study::FromCanonicalJson(study.canonical));
  CLINNOVA_ASSIGN(const auto roster, federation::Roster::Decode(study.roster));
  nlohmann::ordered_json out = {{"hash", study.hash},
                                {"state", StateOf(study)},
                                {"title", document.title()},
                                {"purpose", document.purpose()},
                                {"permit", document.permit()},
                                {"researcher", document.researcher()},
                                {"minimum_count", document.minimum_count()}};
  out["sites"] = nlohmann::ordered_json::array();
  for (const auto& member : roster.members()) {
    out["sites"].push_back({{"name", member.site}, {"identity", core::ToHex(member.key)}});
  }
  out["analyses"] = nlohmann::ordered_json::array();
  for (const auto& analysis : document.analyses())
    out["analyses"].push_back(nlohmann::ordered_json(analysis.json()));
  CLINNOVA_ASSIGN(const auto refusal, network::PolicyRefusal(folder, document));
  out["policy"] = {{"allows", !refusal.has_value()}};
  if (refusal) {
    out["policy"]["reason"] = refusal->reason;
    out["policy"]["message"] = refusal->message;
  }
  return out;
}

Result<void> Studies(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto studies, network::OfferedStudies(arguments.folder));
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& study : studies) {
    CLINNOVA_ASSIGN(nlohmann::ordered_json described, Described(arguments.folder, study));
    list.push_back(std::move(described));
  }
  if (arguments.json) {
    std::printf("%s\n", list.dump(2).c_str());
    return {};
  }
  for (const auto& study : list) {
    std::printf("%.12s  %-9s  %s\n", study["hash"].get_ref<const std::string&>().c_str(),
                study["state"].get_ref<const std::string&>().c_str(),
                study["title"].get_ref<const std::string&>().c_str());
    std::printf("  purpose   %s\n  permit    %s\n  asked by  %s\n",
                study["purpose"].get_ref<const std::string&>().c_str(),
                study["permit"].get_ref<const std::string&>().c_str(),
                study["researcher"].get_ref<const std::string&>().c_str());
    for (const auto& site : study["sites"]) {
      std::printf("  site      %-20s key %.16s…\n",
                  site["name"].get_ref<const std::string&>().c_str(),
                  site["identity"].get_ref<const std::string&>().c_str());
    }
    for (const auto& analysis : study["analyses"])
      std::printf("  analysis  %s\n", analysis.dump().c_str());
    if (!study["policy"]["allows"].get<bool>()) {
      std::printf("  policy    REFUSES it: %s (%s)\n",
                  study["policy"]["message"].get_ref<const std::string&>().c_str(),
                  study["policy"]["reason"].get_ref<const std::string&>().c_str());
    }
  }
  if (list.empty()) std::printf("No study was offered to this site.\n");
  return {};
}

Result<void> Say(const Arguments& arguments, network::StewardSays says) {
  CLINNOVA_ASSIGN(const auto study, network::Decide(arguments.folder, arguments.study, says));
  std::printf("%s %s\n", says == network::StewardSays::kApprove ? "Approved" : "Rejected",
              study.hash.c_str());
  return {};
}

Result<void> ReleaseLog(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto log, network::ReadReleaseLog(arguments.folder));
  nlohmann::ordered_json out;
  out["entries"] = nlohmann::ordered_json::array();
  for (const auto& entry : log.entries) {
    const std::string kind(federation::LedgerKindName(entry.kind));
    if (arguments.json) {
      out["entries"].push_back({{"number", entry.number},
                                {"time", entry.time},
                                {"kind", kind},
                                {"body", nlohmann::ordered_json::parse(entry.body)},
                                {"hash", core::ToHex(entry.hash)}});
    } else {
      std::printf("%6llu  %s  %-16s  %s\n", static_cast<unsigned long long>(entry.number),
                  entry.time.c_str(), kind.c_str(), entry.body.c_str());
    }
  }
  out["verified"] = !log.check.fault.has_value();
  out["root"] = core::ToHex(log.check.root);
  if (arguments.json) std::printf("%s\n", out.dump(2).c_str());
  if (log.check.fault) {
    return Fail(ErrorCode::kFailed, "ledger.jsonl:" + std::to_string(log.check.fault->line) + ": " +
                                        log.check.fault->what);
  }
  if (!arguments.json) {
    std::printf("verified: %llu entries, each hashed and signed; root %s\n",
                static_cast<unsigned long long>(log.check.entries),
                core::ToHex(log.check.root).c_str());
  }
  return {};
}

}  // namespace

CLI::App* AddSite(Commands& commands) {
  auto a = std::make_shared<Arguments>();  // shared by the options and the actions
  CLI::App* site = commands.Add(commands.root(), "site", "A site, its data and its steward",
                                kForDataManagers, {});
  const auto folder = [a](CLI::App* command) {
    command->add_option("--dir", a->folder, "the site's folder")->capture_default_str();
    return command;
  };
  CLI::App* init = commands.Add(site, "init", "Join a hub with an invite", kForDataManagers,
                                [a] { return Init(*a); });
  init->add_option("DIR", a->folder, "a new folder for the site's state")->required();
  init->add_option("--invite", a->invite, "as `hub invite` printed it, or @FILE")->required();
  init->add_option("--table", a->table, "CSV or Parquet file that studies run on")
      ->type_name("FILE");
  init->add_option("--minimum-count", a->minimum_count,
                   "the smallest group that may be told; 0 for public data only")
      ->check(WholeNumber(0))
      ->capture_default_str();
  init->add_flag("--json", a->json, "print JSON");
  folder(commands.Add(site, "serve", "Take part in studies until stopped", kForDataManagers,
                      [a] { return Serve(*a); }))
      ->add_option("--http", a->http,
                   "also answer clinical systems (CDS Hooks) on this port of 127.0.0.1; 0: a free "
                   "one")
      ->type_name("PORT")
      ->check(WholeNumber(0, 65535));

  folder(commands.Add(site, "studies", "Studies offered to this site", kForStewards, [a] {
    return Studies(*a);
  }))->add_flag("--json", a->json, "print JSON");
  folder(commands.Add(site, "approve", "Sign a study: it may run here", kForStewards,
                      [a] { return Say(*a, network::StewardSays::kApprove); }))
      ->add_option("HASH", a->study, "the study's hash or its beginning")
      ->required();
  folder(commands.Add(site, "reject", "Reject a study, or withdraw from it at once", kForStewards,
                      [a] { return Say(*a, network::StewardSays::kReject); }))
      ->add_option("HASH", a->study, "the study's hash or its beginning")
      ->required();
  folder(commands.Add(site, "release-log", "Show and verify what ever left this site", kForStewards,
                      [a] { return ReleaseLog(*a); }))
      ->add_flag("--json", a->json, "print JSON");
  return site;
}

}  // namespace clinnova::cli
