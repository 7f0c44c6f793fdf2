// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/site_steward.h"
#include "core/hash.h"
#include "core/utc_time.h"
#include "network/policy_proposal.h"
#include "network/site_folder.h"

namespace clinnova::cli {
namespace {

using nlohmann::ordered_json;

struct Arguments {
  std::string folder = ".";
  std::string file;
  std::string by;
  bool json = false;
};

std::string HashOf(const federation::SitePolicy& policy) {
  return core::ToHex(federation::PolicyHash(policy));
}

/// A value for people: an empty list or day of a policy lets everything through.
std::string Shown(const nlohmann::json& value) {
  if (value.is_array() && value.empty()) return "all";
  if (value.is_string()) return value.empty() || value == "" ? "never" : value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string list;
  for (const auto& item : value) list += (list.empty() ? "" : ", ") + nlohmann::json(item).dump();
  return list;
}

std::string Shown(const std::string& canonical) { return Shown(nlohmann::json::parse(canonical)); }

Result<void> Show(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto config, network::ReadSiteConfig(arguments.folder));
  const auto holds = federation::PolicyJson(config.policy);
  const auto defaults = federation::PolicyJson({});
  ordered_json out = {{"site", config.name}, {"hash", HashOf(config.policy)}};
  out["expired"] = !config.policy.expires.empty() && core::Today() > config.policy.expires;
  out["keys"] = ordered_json::array();
  for (const federation::PolicyKey& key : federation::PolicyKeys()) {
    const std::string name(key.name);
    out["keys"].push_back({{"key", name},
                           {"value", holds.at(name)},
                           {"default", defaults.at(name)},
                           {"is_default", holds.at(name) == defaults.at(name)},
                           {"meaning", key.meaning}});
  }
  if (arguments.json) {
    std::printf("%s\n", out.dump(2).c_str());
    return {};
  }
  std::printf("Policy of %s, %s%s\n", config.name.c_str(), HashOf(config.policy).c_str(),
              out["expired"].get<bool>() ? ": EXPIRED, no study runs" : "");
  for (const auto& key : out["keys"]) {
    std::printf("%-18s %-12s %-8s %s\n", key["key"].get_ref<const std::string&>().c_str(),
                Shown(nlohmann::json(key["value"])).c_str(),
                key["is_default"].get<bool>() ? "default" : "set",
                key["meaning"].get_ref<const std::string&>().c_str());
  }
  return {};
}

ordered_json Changes(const std::vector<network::PolicyChange>& changes) {
  ordered_json list = ordered_json::array();
  for (const auto& change : changes) {
    list.push_back({{"key", change.key},
                    {"from", nlohmann::json::parse(change.from)},
                    {"to", nlohmann::json::parse(change.to)}});
  }
  return list;
}

ordered_json Verdict(const std::optional<Error>& refusal) {
  if (!refusal) return {{"runs", true}};
  return {{"runs", false}, {"reason", refusal->reason}, {"message", refusal->message}};
}

ordered_json Described(const network::PolicyProposal& proposal) {
  ordered_json out = {{"before", HashOf(proposal.before)},
                      {"after", HashOf(proposal.after)},
                      {"changes", Changes(proposal.changes)},
                      {"studies", ordered_json::array()}};
  for (const auto& study : proposal.studies) {
    out["studies"].push_back({{"hash", study.hash},
                              {"title", study.title},
                              {"before", Verdict(study.before)},
                              {"after", Verdict(study.after)},
                              {"thresholds", Changes(study.thresholds)}});
  }
  return out;
}

void PrintStudy(const network::StudyUnderPolicy& study) {
  std::printf("study %.12s  %s\n", study.hash.c_str(), study.title.c_str());
  if (study.after) {
    std::printf("  %s: %s (%s)\n", study.before ? "is refused, as before" : "will be refused",
                study.after->message.c_str(), study.after->reason.c_str());
    return;
  }
  std::printf("  %s%s\n", study.before ? "may run again" : "may run as before",
              study.thresholds.empty() ? "" : ", under other thresholds:");
  for (const auto& change : study.thresholds) {
    std::printf("    %-18s %s -> %s\n", change.key.c_str(), Shown(change.from).c_str(),
                Shown(change.to).c_str());
  }
}

void Print(const network::PolicyProposal& proposal) {
  if (proposal.changes.empty()) std::printf("It says what the policy in force says.\n");
  for (const auto& change : proposal.changes) {
    std::printf("%-18s %s -> %s\n", change.key.c_str(), Shown(change.from).c_str(),
                Shown(change.to).c_str());
  }
  if (proposal.studies.empty()) std::printf("No approved study is open at this site.\n");
  for (const auto& study : proposal.studies) PrintStudy(study);
}

Result<void> Check(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto proposal, network::CheckPolicy(arguments.folder, arguments.file));
  if (arguments.json) {
    std::printf("%s\n", Described(proposal).dump(2).c_str());
    return {};
  }
  std::printf("%s: a policy, %s; nothing was changed\n", arguments.file.c_str(),
              HashOf(proposal.after).c_str());
  Print(proposal);
  return {};
}

Result<void> Set(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto done,
                  network::SetPolicy(arguments.folder, arguments.file, arguments.by));
  if (arguments.json) {
    ordered_json out = Described(done.proposal);
    out["by"] = arguments.by;
    out["recorded"] = done.recorded;
    std::printf("%s\n", out.dump(2).c_str());
    return {};
  }
  std::printf("In force: %s\n", HashOf(done.proposal.after).c_str());
  Print(done.proposal);
  std::printf(done.recorded ? "The ledger has it.\n"
                            : "The process that serves the site enters it into the ledger before "
                              "it answers another question.\n");
  return {};
}

}  // namespace

void AddSitePolicy(Commands& commands, CLI::App* site) {
  CLI::App* group =
      site->add_subcommand("policy", "Who may ask this site what: show, check, change")
          ->group(kForStewards);
  group->require_subcommand(1);
  auto a = std::make_shared<Arguments>();  // shared by the options and the actions
  const auto add = [&](const char* name, const char* what, auto action) {
    CLI::App* command =
        commands.Add(group, name, what, kForStewards, [a, action] { return action(*a); });
    command->add_option("--dir", a->folder, "the site's folder")->capture_default_str();
    command->add_flag("--json", a->json, "print JSON");
    return command;
  };
  std::string keys;
  for (const federation::PolicyKey& key : federation::PolicyKeys())
    keys += "\n  " + std::string(key.name) + ": " + std::string(key.meaning);
  const auto takes_file = [&](CLI::App* command) {
    command->add_option("FILE", a->file, "TOML with the section [policy] alone")->required();
    command->footer("Keys of [policy]:" + keys);
    return command;
  };
  add("show", "The policy in force: each key, its value, and what it means", Show);
  takes_file(add("check",
                 "Whether FILE is a policy, and what it would change, also for approved studies; "
                 "changes nothing",
                 Check));
  takes_file(add("set", "Put the policy of FILE in force, at once and on record", Set))
      ->add_option("--by", a->by, "who decides, for the ledger")
      ->required();
}

}  // namespace clinnova::cli
