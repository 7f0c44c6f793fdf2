// SPDX-License-Identifier: Apache-2.0
#include "network/site_folder.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/toml_json.h"
#include "core/utc_time.h"
#include "federation/ledger_lines.h"
#include "federation/secret.h"
#include "federation/secret_file.h"
#include "network/certificates.h"
#include "network/hub_client.h"
#include "network/hub_folder.h"
#include "network/invite.h"
#include "network/policy_in_force.h"

namespace clinnova::network {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::seconds kPatience{10};

core::ByteView BytesOf(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string Quoted(const std::string& text) { return nlohmann::json(text).dump(); }

struct NewSite {
  Invite invite;
  std::string authority;
  KeyRequest tls;
  EnrolReply reply;
};

Result<void> WriteNewFile(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) return Fail(ErrorCode::kFailed, path.string() + ": cannot be written");
  return {};
}

Result<void> FillFolder(const SiteInitOptions& options, const NewSite& site,
                        const federation::SiteIdentity& identity) {
  const fs::path& folder = options.folder;
  std::string config =
      "name = " + Quoted(site.invite.site) + "\nhub = " + Quoted(site.invite.hub) + "\n";
  if (!options.table.empty())
    config += "table = " + Quoted(fs::absolute(options.table).string()) + "\n";
  config += "threads = 2\n\n[policy]\nminimum_count = " + std::to_string(options.minimum_count) +
            "\nminimum_sites = 3\n";
  CLINNOVA_TRY(WriteNewFile(folder / "site.toml", config));
  CLINNOVA_TRY(WriteNewFile(folder / "authority.pem", site.authority));
  CLINNOVA_TRY(WriteNewFile(folder / "tls.pem", site.reply.certificate));
  CLINNOVA_TRY(WriteNewFile(folder / "hub.pub", core::ToHex(site.reply.identity) + "\n"));
  CLINNOVA_TRY(federation::CreateSecretFile(folder / "tls.key", BytesOf(site.tls.key)));
  CLINNOVA_TRY(identity.Save(folder / "identity.key"));
  std::error_code failure;
  fs::create_directory(folder / "runs", failure);
  CLINNOVA_TRY(SiteStore::Open(folder / "site.db", identity.public_key()));
  CLINNOVA_TRY(federation::Ledger::Open({.path = folder / "ledger.jsonl", .identity = &identity}));
  return {};
}

Result<NewSite> EnrolSite(const Invite& invite, const federation::SiteIdentity& identity) {
  NewSite site{.invite = invite, .authority = {}, .tls = {}, .reply = {}};
  CLINNOVA_ASSIGN(site.authority, FetchAuthority(invite.hub, invite.fingerprint, kPatience));
  CLINNOVA_ASSIGN(site.tls, MakeKeyRequest(invite.site));
  EnrolRequest request{.site = invite.site,
                       .secret = invite.secret,
                       .certificate_request = site.tls.request,
                       .identity = identity.public_key()};
  request.proof = identity.Sign(kEnrolContext, BytesOf(request.certificate_request));
  CLINNOVA_ASSIGN(site.reply, Enrol({.address = invite.hub, .authority = site.authority}, request));
  return site;
}

// ---- site.toml

Result<void> ReadInteger(const core::TomlPlace& place, const std::string& key,
                         const nlohmann::json& value, std::int64_t lowest, auto& target) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < lowest ||
      value.get<std::int64_t>() > 1'000'000'000) {
    return place.Wrong(key, "found " + value.dump() + ", expected a whole number of at least " +
                                std::to_string(lowest));
  }
  target = static_cast<std::remove_reference_t<decltype(target)>>(value.get<std::int64_t>());
  return {};
}

Result<void> ReadText(const core::TomlPlace& place, const std::string& key,
                      const nlohmann::json& value, std::string& target) {
  if (!value.is_string()) return place.Wrong(key, "found " + value.dump() + ", expected a text");
  target = value.get<std::string>();
  return {};
}

Result<void> ReadBedside(const core::TomlPlace& place, const nlohmann::json& section,
                         BedsideConfig& bedside) {
  if (!section.is_object()) return place.Wrong("bedside", "expected a table");
  for (const auto& [key, value] : section.items()) {
    const std::string path = "bedside." + key;
    if (key == "http") {
      int port = 0;
      CLINNOVA_TRY(ReadInteger(place, path, value, 0, port));
      if (port > 65535) return place.Wrong(path, "found " + value.dump() + ", expected a port");
      bedside.http = port;
    } else if (key == "mode") {
      CLINNOVA_TRY(ReadText(place, path, value, bedside.mode));
    } else if (key == "consent") {
      CLINNOVA_TRY(ReadText(place, path, value, bedside.consent));
      if (bedside.consent != "required" && bedside.consent != "unless_refused") {
        return place.Wrong(path, "found " + value.dump() + ", expected required or unless_refused");
      }
    } else {
      return place.Wrong(path, "unknown key, expected one of consent, http, mode");
    }
  }
  return {};
}

}  // namespace

Result<SiteSummary> InitSite(const SiteInitOptions& options) {
  CLINNOVA_TRY(federation::StartCryptography());
  CLINNOVA_ASSIGN(const Invite invite, ReadInvite(options.invite));
  CLINNOVA_TRY(CheckNewFolder(options.folder));
  CLINNOVA_ASSIGN(const auto identity, federation::SiteIdentity::Create());
  CLINNOVA_ASSIGN(const NewSite site, EnrolSite(invite, identity));
  std::error_code failure;
  const bool was_there = fs::exists(options.folder, failure);
  fs::create_directories(options.folder, failure);
  if (failure)
    return Fail(ErrorCode::kInvalidInput, options.folder.string() + ": " + failure.message());
  fs::permissions(options.folder, fs::perms::owner_all, failure);
  if (auto filled = FillFolder(options, site, identity); !filled) {
    for (const auto& entry : fs::directory_iterator(options.folder))
      fs::remove_all(entry.path(), failure);
    if (!was_there) fs::remove(options.folder, failure);
    return Fail(filled);
  }
  return SiteSummary{.name = invite.site,
                     .hub = site.reply.hub,
                     .address = invite.hub,
                     .authority = invite.fingerprint,
                     .identity = core::ToHex(identity.public_key())};
}

Result<SiteConfig> ReadSiteConfig(const fs::path& folder) {
  const std::string file = (folder / "site.toml").string();
  CLINNOVA_ASSIGN(const std::string text, ReadTextFile(file));
  core::TomlPlace place{.file = file};
  CLINNOVA_ASSIGN(const nlohmann::json document, core::TomlToJson(text, file, place.lines));
  SiteConfig config;
  for (const auto& [key, value] : document.items()) {
    if (key == "name") {
      CLINNOVA_TRY(ReadText(place, key, value, config.name));
    } else if (key == "hub") {
      CLINNOVA_TRY(ReadText(place, key, value, config.hub));
    } else if (key == "table") {
      CLINNOVA_TRY(ReadText(place, key, value, config.table));
    } else if (key == "threads") {
      CLINNOVA_TRY(ReadInteger(place, key, value, 1, config.threads));
    } else if (key == "bedside") {
      CLINNOVA_TRY(ReadBedside(place, value, config.bedside));
    } else if (key == "policy") {
      CLINNOVA_ASSIGN(config.policy, federation::ReadPolicy(place, value));
    } else if (key == "tables" && value.is_object()) {
      for (const auto& [hash, path] : value.items()) {
        CLINNOVA_TRY(ReadText(place, "tables." + hash, path, config.tables[hash]));
      }
    } else {
      return place.Wrong(
          key, "unknown key, expected one of bedside, hub, name, policy, table, tables, threads");
    }
  }
  if (config.name.empty()) return place.Wrong("name", "is missing");
  if (config.hub.empty()) return place.Wrong("hub", "is missing");
  return config;
}

// ---- the steward

namespace {

Result<void> AllowedByPolicy(const SiteConfig& config, const federation::Study& study) {
  CLINNOVA_ASSIGN(const auto columns, ColumnsAskedFor(study));
  return federation::ReleaseGate(config.policy).CheckStudy(study, columns, core::Today());
}

}  // namespace

Result<std::vector<OfferedStudy>> OfferedStudies(const fs::path& folder) {
  CLINNOVA_ASSIGN(const auto identity, federation::SiteIdentity::Load(folder / "identity.key"));
  CLINNOVA_ASSIGN(const auto store, SiteStore::Open(folder / "site.db", identity.public_key()));
  return store->Studies();
}

Result<OfferedStudy> Decide(const fs::path& folder, const std::string& study, StewardSays says) {
  CLINNOVA_TRY(federation::StartCryptography());
  CLINNOVA_ASSIGN(const SiteConfig config, ReadSiteConfig(folder));
  CLINNOVA_ASSIGN(const auto identity, federation::SiteIdentity::Load(folder / "identity.key"));
  CLINNOVA_ASSIGN(const auto store, SiteStore::Open(folder / "site.db", identity.public_key()));
  CLINNOVA_ASSIGN(OfferedStudy offered, store->Find(study));
  CLINNOVA_ASSIGN(const federation::Study document,
                  federation::Study::FromCanonicalJson(offered.canonical));
  CLINNOVA_ASSIGN(const auto roster, federation::Roster::Decode(offered.roster));
  const bool approve = says == StewardSays::kApprove;
  if (approve) CLINNOVA_TRY(AllowedByPolicy(config, document));
  const std::optional<Decision>& last = offered.decision;
  if (last && last->approved == approve && last->roster == roster.hash()) {
    return Fail(ErrorCode::kInvalidInput, "study " + offered.hash.substr(0, 12) + " is " +
                                              (approve ? "approved" : "rejected") +
                                              " already, on " + last->time);
  }
  const Decision decision{.study = document.hash(),
                          .roster = roster.hash(),
                          .site = config.name,
                          .approved = approve,
                          .number = last ? last->number + 1 : 1,
                          .time = TimeText(NowMs())};
  const SignedDecision signed_decision = SignDecision(identity, decision);
  CLINNOVA_TRY(store->AddDecision(offered.hash, decision, signed_decision));
  // A serving site has the ledger and notes the decision itself.
  auto ledger = federation::Ledger::Open({.path = folder / "ledger.jsonl", .identity = &identity});
  if (ledger) {
    CLINNOVA_TRY(NoteDecision(**ledger, decision, signed_decision));
    CLINNOVA_TRY(store->MarkNoted(signed_decision));
  } else if (ledger.error().reason != "ledger_in_use") {
    return Fail(ledger);
  }
  offered.decision = decision;
  return offered;
}

Result<void> NoteDecision(federation::Ledger& ledger, const Decision& decision,
                          const SignedDecision& signed_decision) {
  CLINNOVA_TRY(ledger.Append(
      decision.approved ? federation::LedgerKind::kApproval : federation::LedgerKind::kRejection,
      {{"study", core::ToHex(decision.study)},
       {"roster", core::ToHex(decision.roster)},
       {"number", decision.number},
       {"decided", decision.time},
       {"signature", core::ToHex(signed_decision.signature)}}));
  return {};
}

Result<ReleaseLogView> ReadReleaseLog(const fs::path& folder) {
  CLINNOVA_ASSIGN(const auto identity, federation::SiteIdentity::Load(folder / "identity.key"));
  ReleaseLogView view;
  CLINNOVA_ASSIGN(view.check, federation::WalkLedger(folder / "ledger.jsonl", identity.public_key(),
                                                     federation::SignatureCheck::kEvery,
                                                     [&](const federation::LedgerEntry& entry) {
                                                       view.entries.push_back(entry);
                                                     }));
  return view;
}

}  // namespace clinnova::network
