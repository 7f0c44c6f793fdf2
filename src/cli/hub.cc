// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/number_option.h"
#include "cli/serving.h"
#include "network/hub_folder.h"
#include "network/hub_service.h"
#include "network/hub_store.h"
#include "web/desk_view.h"
#include "web/http_api.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string folder = ".";
  std::string name;
  std::string listen = "127.0.0.1:7443";
  std::vector<std::string> hosts;
  std::string password_file;
  std::string site;
  std::string out;
  std::string expires = "7d";
  std::string patience = "10m";
  int http = -1;
  bool json = false;
};

/// The first line of the file; empty without one.
Result<std::string> Password(const Arguments& arguments) {
  if (arguments.password_file.empty()) return std::string();
  CLINNOVA_ASSIGN(std::string text, ReadText(arguments.password_file));
  text = text.substr(0, text.find('\n'));
  if (text.empty())
    return Fail(ErrorCode::kInvalidInput, arguments.password_file + ": found no password");
  return text;
}

Result<void> Init(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const std::string password, Password(arguments));
  CLINNOVA_ASSIGN(const network::HubSummary hub, network::InitHub({.folder = arguments.folder,
                                                                   .name = arguments.name,
                                                                   .listen = arguments.listen,
                                                                   .hosts = arguments.hosts,
                                                                   .password = password}));
  if (arguments.json) {
    const nlohmann::ordered_json out = {
        {"name", hub.name}, {"address", hub.address}, {"authority", hub.fingerprint}};
    std::printf("%s\n", out.dump().c_str());
    return {};
  }
  std::printf("Hub \"%s\" at %s\nAuthority %s\n", hub.name.c_str(), hub.address.c_str(),
              hub.fingerprint.c_str());
  return {};
}

Result<void> Invite(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto valid, network::ReadDuration(arguments.expires));
  CLINNOVA_ASSIGN(
      const std::string invite,
      network::MakeInvite({.folder = arguments.folder, .site = arguments.site, .valid = valid}));
  std::printf("%s\n", invite.c_str());
  return {};
}

Result<void> Serve(const Arguments& arguments) {
  StopRequested();
  CLINNOVA_ASSIGN(const std::string password, Password(arguments));
  CLINNOVA_ASSIGN(const auto patience, network::ReadDuration(arguments.patience));
  CLINNOVA_ASSIGN(
      const auto hub,
      network::HubServer::Start(
          {.folder = arguments.folder, .listen = {}, .password = password, .patience = patience}));
  std::fprintf(stderr, "hub \"%s\" listens on %s\n", hub->name().c_str(), hub->address().c_str());
  if (arguments.http < 0) {
    WaitForStop();
    return {};
  }
  const web::DeskView view(hub->desk(), hub->name(), CLINNOVA_VERSION);
  CLINNOVA_ASSIGN(const auto pages, web::HttpServer::Start({.port = arguments.http}, view));
  std::fprintf(stderr, "pages at %s\n", pages->Url().c_str());
  WaitForStop();
  return {};
}

Result<void> Status(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const network::HubConfig config, network::ReadHubConfig(arguments.folder));
  CLINNOVA_ASSIGN(const auto store,
                  network::HubStore::Open(std::filesystem::path(arguments.folder) / "hub.db"));
  CLINNOVA_ASSIGN(const auto sites, store->Sites());
  CLINNOVA_ASSIGN(const auto studies, store->Studies());
  if (arguments.json) {
    nlohmann::ordered_json out = {{"name", config.name}, {"address", config.address}};
    out["sites"] = nlohmann::ordered_json::array();
    for (const auto& site : sites) {
      out["sites"].push_back({{"name", site.name},
                              {"certificate", site.fingerprint},
                              {"identity", core::ToHex(site.identity)},
                              {"last_seen", network::TimeText(site.seen_ms)}});
    }
    out["studies"] = nlohmann::ordered_json::array();
    for (const auto& study : studies) {
      out["studies"].push_back(
          {{"hash", study.hash}, {"state", study.state}, {"error", study.error}});
    }
    std::printf("%s\n", out.dump(2).c_str());
    return {};
  }
  std::printf("Hub \"%s\" at %s\n", config.name.c_str(), config.address.c_str());
  for (const auto& site : sites) {
    std::printf("  site %-20s last seen %s\n", site.name.c_str(),
                site.seen_ms == 0 ? "never" : network::TimeText(site.seen_ms).c_str());
  }
  for (const auto& study : studies) {
    std::printf("  study %.12s %s %s\n", study.hash.c_str(), study.state.c_str(),
                study.error.c_str());
  }
  return {};
}

Result<void> BackUp(const Arguments& arguments) {
  CLINNOVA_TRY(network::BackUpHub(arguments.folder, arguments.out));
  std::printf("%s: a copy with all keys; it serves in the hub's place\n", arguments.out.c_str());
  return {};
}

}  // namespace

CLI::App* AddHub(Commands& commands) {
  auto a = std::make_shared<Arguments>();  // shared by the options and the actions
  CLI::App* hub = commands.Add(commands.root(), "hub", "The hub that brings the sites together",
                               kForOperators, {});
  CLI::App* init = commands.Add(hub, "init", "Make a new hub and its consortium's authority",
                                kForOperators, [a] { return Init(*a); });
  init->add_option("DIR", a->folder, "a new folder for the hub's state")->required();
  init->add_option("--name", a->name, "the hub's name, as sites see it")->required();
  init->add_option("--listen", a->listen, "address to listen on")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  init->add_option("--host", a->hosts,
                   "a name or address under which sites reach the hub; repeats");
  init->add_option("--password-file", a->password_file,
                   "encrypt the authority's key with the password in FILE")
      ->type_name("FILE");
  init->add_flag("--json", a->json, "print JSON");

  CLI::App* invite = commands.Add(hub, "invite", "Print a one-time invite for a site",
                                  kForOperators, [a] { return Invite(*a); });
  invite->add_option("SITE", a->site, "the site's name")->required();
  invite->add_option("--dir", a->folder, "the hub's folder")->capture_default_str();
  invite->add_option("--expires", a->expires, "how long it is valid: 90m, 12h, 7d")
      ->capture_default_str();

  CLI::App* serve = commands.Add(hub, "serve", "Serve the hub until stopped", kForOperators,
                                 [a] { return Serve(*a); });
  serve->add_option("--dir", a->folder, "the hub's folder")->capture_default_str();
  serve
      ->add_option("--http", a->http,
                   "also serve the browser pages on this port of 127.0.0.1; 0: a free one")
      ->type_name("PORT")
      ->check(WholeNumber(0, 65535));
  serve->add_option("--patience", a->patience, "how long a run waits for a site that is away")
      ->capture_default_str();
  serve->add_option("--password-file", a->password_file, "the password of the authority's key")
      ->type_name("FILE");

  CLI::App* status = commands.Add(hub, "status", "Sites and studies of the hub", kForOperators,
                                  [a] { return Status(*a); });
  status->add_option("--dir", a->folder, "the hub's folder")->capture_default_str();
  status->add_flag("--json", a->json, "print JSON");

  CLI::App* backup =
      commands.Add(hub, "backup", "Copy the hub's state and keys, also while it serves",
                   kForOperators, [a] { return BackUp(*a); });
  backup->add_option("--dir", a->folder, "the hub's folder")->capture_default_str();
  backup->add_option("--out", a->out, "a new folder for the copy")->required();
  return hub;
}

}  // namespace clinnova::cli
