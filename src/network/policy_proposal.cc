// SPDX-License-Identifier: Apache-2.0
#include "network/policy_proposal.h"

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/json_text.h"
#include "core/toml_json.h"
#include "core/utc_time.h"
#include "core/whole_file.h"
#include "federation/ledger_lines.h"
#include "federation/secret.h"
#include "network/hub_folder.h"
#include "network/site_folder.h"
#include "stats/method.h"

namespace clinnova::network {
namespace {

namespace fs = std::filesystem;
using federation::SitePolicy;
using nlohmann::json;

struct Proposed {
  std::string text;
  SitePolicy policy;
};

Result<void> KnownMethods(const core::TomlPlace& place, const SitePolicy& policy) {
  for (const std::string& method : policy.methods) {
    if (stats::FindMethod(method) != nullptr) continue;
    std::string list;
    for (const stats::Method& known : stats::Methods())
      list += (list.empty() ? "" : ", ") + std::string(known.name);
    return place.Wrong("policy.methods", "found \"" + method + "\", expected one of " + list);
  }
  return {};
}

Result<Proposed> ReadProposed(const std::string& file) {
  Proposed proposed;
  CLINNOVA_ASSIGN(proposed.text, ReadTextFile(file));
  core::TomlPlace place{.file = file};
  CLINNOVA_ASSIGN(const json document, core::TomlToJson(proposed.text, file, place.lines));
  for (const auto& [key, value] : document.items()) {
    if (key != "policy")
      return place.Wrong(key, "unknown key, expected the section [policy] alone");
  }
  if (!document.contains("policy"))
    return place.Wrong("policy", "found nothing, expected the section [policy]");
  CLINNOVA_ASSIGN(proposed.policy, federation::ReadPolicy(place, document.at("policy")));
  CLINNOVA_TRY(KnownMethods(place, proposed.policy));
  return proposed;
}

/// Rounds by study, as the ledger has them.
Result<std::map<std::string, std::uint64_t>> RoundsSoFar(const fs::path& folder,
                                                         const federation::SiteIdentity& identity) {
  std::map<std::string, std::uint64_t> rounds;
  CLINNOVA_TRY(federation::WalkLedger(
      folder / "ledger.jsonl", identity.public_key(), federation::SignatureCheck::kLastOnly,
      [&](const federation::LedgerEntry& entry) {
        if (entry.kind != federation::LedgerKind::kRound) return;
        ++rounds[json::parse(entry.body).at("study").get<std::string>()];
      }));
  return rounds;
}

std::optional<Error> RefusalUnder(const federation::ReleaseGate& gate,
                                  const federation::Study& study, std::uint64_t rounds) {
  const auto columns = ColumnsAskedFor(study);
  if (!columns) return columns.error();
  if (const auto allowed = gate.CheckStudy(study, *columns, core::Today()); !allowed)
    return allowed.error();
  const auto round = gate.CheckRound(study, study.analyses().front(), rounds);
  if (!round) return round.error();
  return std::nullopt;
}

/// The thresholds that hold for a study under a policy, as a policy.
SitePolicy ThresholdsFor(const federation::ReleaseGate& gate, const federation::Study& study) {
  SitePolicy holds;
  holds.minimum_count = gate.MinimumCount(study);
  holds.limits = gate.Limits(study);
  holds.rounds_per_study = gate.policy().rounds_per_study;
  holds.minimum_sites = std::max(gate.policy().minimum_sites,
                                 static_cast<std::uint64_t>(std::max(3, study.minimum_sites())));
  return holds;
}

Result<std::vector<StudyUnderPolicy>> ApprovedStudies(const fs::path& folder,
                                                      const SitePolicy& before,
                                                      const SitePolicy& after) {
  CLINNOVA_ASSIGN(const auto identity, federation::SiteIdentity::Load(folder / "identity.key"));
  CLINNOVA_ASSIGN(const auto store, SiteStore::Open(folder / "site.db", identity.public_key()));
  CLINNOVA_ASSIGN(const auto offered, store->Studies());
  CLINNOVA_ASSIGN(auto rounds, RoundsSoFar(folder, identity));
  const federation::ReleaseGate old_gate(before);
  const federation::ReleaseGate new_gate(after);
  std::vector<StudyUnderPolicy> studies;
  for (const OfferedStudy& one : offered) {
    if (!one.closed.empty() || !one.decision || !one.decision->approved) continue;
    CLINNOVA_ASSIGN(const auto study, federation::Study::FromCanonicalJson(one.canonical));
    StudyUnderPolicy effect{.hash = one.hash, .title = study.title()};
    effect.before = RefusalUnder(old_gate, study, rounds[one.hash]);
    effect.after = RefusalUnder(new_gate, study, rounds[one.hash]);
    if (!effect.after) {
      effect.thresholds =
          ChangesBetween(ThresholdsFor(old_gate, study), ThresholdsFor(new_gate, study));
    }
    studies.push_back(std::move(effect));
  }
  return studies;
}

Result<PolicyProposal> ProposalOf(const fs::path& folder, const SitePolicy& proposed) {
  CLINNOVA_ASSIGN(const SiteConfig config, ReadSiteConfig(folder));
  PolicyProposal proposal{.before = config.policy, .after = proposed};
  proposal.changes = ChangesBetween(proposal.before, proposal.after);
  CLINNOVA_ASSIGN(proposal.studies, ApprovedStudies(folder, proposal.before, proposal.after));
  return proposal;
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    lines.push_back(text.substr(at, end - at));
    at = end;
  }
  return lines;
}

bool IsBlankOrComment(const std::string& line) {
  const std::size_t first = line.find_first_not_of(" \t\r\n");
  return first == std::string::npos || line[first] == '#';
}

}  // namespace

Result<std::string> WithPolicySection(const std::string& text, const std::string& file,
                                      const std::string& section) {
  std::map<std::string, int> where;
  CLINNOVA_ASSIGN(const json before, core::TomlToJson(text, file, where));
  const std::vector<std::string> lines = LinesOf(text);
  std::size_t begin = lines.size();
  std::size_t end = lines.size();
  if (before.contains("policy")) {
    begin = static_cast<std::size_t>(where.at("policy") - 1);
    const std::size_t header = begin;
    for (const auto& [key, value] : before.items()) {
      const auto line = static_cast<std::size_t>(where.at(key) - 1);
      if (line > header) end = std::min(end, line);
    }
    // Comments right above a section are that section's.
    while (begin > 0 && IsBlankOrComment(lines[begin - 1]) && lines[begin - 1][0] == '#') --begin;
    if (end < lines.size()) {
      while (end > header + 1 && IsBlankOrComment(lines[end - 1])) --end;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < begin; ++i) out += lines[i];
  if (!out.empty() && out.back() != '\n') out += '\n';
  if (begin == lines.size() && !out.empty()) out += '\n';
  out += section;
  if (out.empty() || out.back() != '\n') out += '\n';
  for (std::size_t i = end; i < lines.size(); ++i) out += lines[i];

  // Lines are a guess at what the file means; its meaning decides.
  json wanted = before;
  std::map<std::string, int> ignored;
  CLINNOVA_ASSIGN(const json proposed, core::TomlToJson(section, "the proposed policy", ignored));
  wanted["policy"] = proposed.value("policy", json::object());
  const auto after = core::TomlToJson(out, file, ignored);
  if (!after || *after != wanted) {
    return Fail(ErrorCode::kInvalidInput,
                file +
                    ": policy: found in another form than lines of its own under [policy], "
                    "expected that form; nothing was changed");
  }
  return out;
}

Result<PolicyProposal> CheckPolicy(const fs::path& folder, const std::string& file) {
  CLINNOVA_ASSIGN(const Proposed proposed, ReadProposed(file));
  return ProposalOf(folder, proposed.policy);
}

Result<PolicySet> SetPolicy(const fs::path& folder, const std::string& file,
                            const std::string& by) {
  if (by.empty())
    return Fail(ErrorCode::kInvalidInput, "--by: found nothing, expected the name of who decides");
  CLINNOVA_TRY(federation::StartCryptography());
  CLINNOVA_ASSIGN(const Proposed proposed, ReadProposed(file));
  PolicySet done;
  CLINNOVA_ASSIGN(done.proposal, ProposalOf(folder, proposed.policy));
  const std::string path = (folder / "site.toml").string();
  CLINNOVA_ASSIGN(const std::string text, ReadTextFile(path));
  CLINNOVA_ASSIGN(const std::string changed, WithPolicySection(text, path, proposed.text));
  CLINNOVA_ASSIGN(const auto identity, federation::SiteIdentity::Load(folder / "identity.key"));
  CLINNOVA_ASSIGN(const auto store, SiteStore::Open(folder / "site.db", identity.public_key()));
  auto ledger = federation::Ledger::Open({.path = folder / "ledger.jsonl", .identity = &identity});
  if (!ledger && ledger.error().reason != "ledger_in_use") return Fail(ledger);
  std::unique_ptr<PolicyInForce> in_force;  // enters the policy before, where the ledger lacks it
  if (ledger) {
    CLINNOVA_ASSIGN(
        in_force,
        PolicyInForce::Open({.folder = folder, .ledger = ledger->get(), .store = store.get()}));
  }
  // The name first: a process that serves the site notices the file at once.
  const std::string hash = core::ToHex(federation::PolicyHash(proposed.policy));
  if (!done.proposal.changes.empty()) {
    CLINNOVA_TRY(store->AddPolicyNote(
        {.after = hash, .by = by, .decided = core::UtcSeconds(std::chrono::system_clock::now())}));
  }
  if (const auto written = core::WriteWholeFile(path, changed, fs::status(path).permissions());
      !written) {
    (void)store->TakePolicyNote(hash);
    return Fail(written);
  }
  if (!in_force) return done;
  CLINNOVA_TRY(in_force->Current());
  done.recorded = true;
  return done;
}

Result<std::optional<Error>> PolicyRefusal(const fs::path& folder, const federation::Study& study) {
  CLINNOVA_ASSIGN(const SiteConfig config, ReadSiteConfig(folder));
  return RefusalUnder(federation::ReleaseGate(config.policy), study, 0);
}

}  // namespace clinnova::network
