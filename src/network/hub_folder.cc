// SPDX-License-Identifier: Apache-2.0
#include "network/hub_folder.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/hash.h"
#include "core/toml_json.h"
#include "federation/identity.h"
#include "federation/secret.h"
#include "federation/secret_file.h"
#include "network/hub_store.h"
#include "network/invite.h"

namespace clinnova::network {
namespace {

namespace fs = std::filesystem;

core::ByteView BytesOf(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Result<int> PortOf(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  int port = 0;
  if (colon != std::string::npos && colon != 0) {
    const char* end = address.data() + address.size();
    const auto read = std::from_chars(address.data() + colon + 1, end, port);
    if (read.ec == std::errc() && read.ptr == end && port > 0 && port < 65536) return port;
  }
  return Fail(ErrorCode::kInvalidInput, "listen: found \"" + address + "\", expected host:port");
}

/// A text as a TOML string.
std::string Quoted(const std::string& text) { return nlohmann::json(text).dump(); }

Result<void> WriteNewFile(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) return Fail(ErrorCode::kFailed, path.string() + ": cannot be written");
  return {};
}

Result<HubSummary> FillFolder(const HubInitOptions& options) {
  CLINNOVA_ASSIGN(const int port, PortOf(options.listen));
  const std::string host = options.hosts.empty()
                               ? options.listen.substr(0, options.listen.rfind(':'))
                               : options.hosts.front();
  const std::string address = host + ":" + std::to_string(port);
  std::vector<std::string> hosts = {"localhost", "127.0.0.1"};
  hosts.insert(hosts.end(), options.hosts.begin(), options.hosts.end());
  CLINNOVA_ASSIGN(const Credential authority, MakeAuthority(options.name, options.password));
  CLINNOVA_ASSIGN(const Credential server,
                  MakeServerCertificate(authority, options.password, hosts));
  CLINNOVA_ASSIGN(const auto identity, federation::SiteIdentity::Create());
  const auto token = federation::SecretKey::Random();
  const fs::path& folder = options.folder;
  CLINNOVA_TRY(WriteNewFile(folder / "hub.toml", "name = " + Quoted(options.name) +
                                                     "\nlisten = " + Quoted(options.listen) +
                                                     "\naddress = " + Quoted(address) + "\n"));
  CLINNOVA_TRY(WriteNewFile(folder / "authority.pem", authority.certificate));
  CLINNOVA_TRY(federation::CreateSecretFile(folder / "authority.key", BytesOf(authority.key)));
  CLINNOVA_TRY(WriteNewFile(folder / "server.pem", server.certificate + authority.certificate));
  CLINNOVA_TRY(federation::CreateSecretFile(folder / "server.key", BytesOf(server.key)));
  CLINNOVA_TRY(identity.Save(folder / "hub.key"));
  CLINNOVA_TRY(federation::CreateSecretFile(folder / "researcher.token",
                                            BytesOf(core::ToHex(token.bytes()))));
  CLINNOVA_TRY(HubStore::Open(folder / "hub.db"));
  CLINNOVA_ASSIGN(std::string fingerprint, Fingerprint(authority.certificate));
  return HubSummary{options.name, address, std::move(fingerprint)};
}

}  // namespace

Result<std::string> ReadTextFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return Fail(ErrorCode::kInvalidInput, path.string() + ": cannot be read");
  return text.str();
}

Result<void> CheckNewFolder(const fs::path& folder) {
  std::error_code failure;
  if (!fs::exists(folder, failure)) return {};
  if (fs::is_directory(folder, failure) && fs::is_empty(folder, failure)) return {};
  return Fail(ErrorCode::kInvalidInput,
              folder.string() + ": is there already, expected a new folder");
}

Result<HubSummary> InitHub(const HubInitOptions& options) {
  CLINNOVA_TRY(federation::StartCryptography());
  if (options.name.empty())
    return Fail(ErrorCode::kInvalidInput, "name: found none, expected the hub's name");
  CLINNOVA_TRY(PortOf(options.listen));
  CLINNOVA_TRY(CheckNewFolder(options.folder));
  std::error_code failure;
  const bool was_there = fs::exists(options.folder, failure);
  fs::create_directories(options.folder, failure);
  if (failure)
    return Fail(ErrorCode::kInvalidInput, options.folder.string() + ": " + failure.message());
  fs::permissions(options.folder, fs::perms::owner_all, failure);
  Result<HubSummary> summary = FillFolder(options);
  if (!summary) {  // leave things as they were
    for (const auto& entry : fs::directory_iterator(options.folder))
      fs::remove_all(entry.path(), failure);
    if (!was_there) fs::remove(options.folder, failure);
  }
  return summary;
}

namespace {

/// The database first: what the ledger says beyond it, a resumed run says again.
Result<void> CopyHub(const fs::path& folder, const fs::path& copy) {
  CLINNOVA_ASSIGN(const auto database, Database::Open(folder / "hub.db"));
  CLINNOVA_TRY(database->Run("VACUUM INTO ?", {(copy / "hub.db").string()}));
  std::error_code failure;
  fs::permissions(copy / "hub.db", fs::perms::owner_read | fs::perms::owner_write, failure);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (!entry.is_regular_file() || name.starts_with("hub.db")) continue;
    fs::copy_file(entry.path(), copy / name, failure);  // keeps the permissions
    if (failure) return Fail(ErrorCode::kFailed, name + ": " + failure.message());
  }
  return {};
}

}  // namespace

Result<void> BackUpHub(const fs::path& folder, const fs::path& copy) {
  CLINNOVA_TRY(ReadHubConfig(folder));
  if (fs::exists(copy)) {
    return Fail(ErrorCode::kInvalidInput,
                copy.string() + ": is there already, expected a new folder");
  }
  std::error_code failure;
  fs::create_directories(copy, failure);
  if (failure) return Fail(ErrorCode::kInvalidInput, copy.string() + ": " + failure.message());
  fs::permissions(copy, fs::perms::owner_all, failure);
  Result<void> copied = CopyHub(folder, copy);
  if (!copied) fs::remove_all(copy, failure);
  return copied;
}

Result<HubConfig> ReadHubConfig(const fs::path& folder) {
  const fs::path path = folder / "hub.toml";
  CLINNOVA_ASSIGN(const std::string text, ReadTextFile(path));
  std::map<std::string, int> lines;
  CLINNOVA_ASSIGN(const nlohmann::json document, core::TomlToJson(text, path.string(), lines));
  HubConfig config;
  for (const auto& [key, value] : document.items()) {
    std::string* target = key == "name"      ? &config.name
                          : key == "listen"  ? &config.listen
                          : key == "address" ? &config.address
                                             : nullptr;
    const std::string where = path.string() + ":" + std::to_string(lines[key]) + ": " + key;
    if (target == nullptr) {
      return Fail(ErrorCode::kInvalidInput,
                  where + ": unknown key, expected one of name, listen, address");
    }
    if (!value.is_string())
      return Fail(ErrorCode::kInvalidInput,
                  where + ": found " + value.dump() + ", expected a text");
    *target = value.get<std::string>();
  }
  if (auto port = PortOf(config.listen); !port) return FailAt(path.string(), port);
  return config;
}

Result<Credential> ReadAuthority(const fs::path& folder) {
  CLINNOVA_ASSIGN(std::string certificate, ReadTextFile(folder / "authority.pem"));
  CLINNOVA_ASSIGN(const auto key, federation::ReadSecretFile(folder / "authority.key"));
  const core::ByteView bytes = key.bytes();
  return Credential{std::move(certificate), std::string(bytes.begin(), bytes.end())};
}

Result<std::string> MakeInvite(const InviteOptions& options) {
  CLINNOVA_TRY(CheckSiteName(options.site));
  CLINNOVA_ASSIGN(const HubConfig config, ReadHubConfig(options.folder));
  CLINNOVA_ASSIGN(const std::string authority, ReadTextFile(options.folder / "authority.pem"));
  Invite invite{.hub = config.address, .fingerprint = {}, .site = options.site};
  CLINNOVA_ASSIGN(invite.fingerprint, Fingerprint(authority));
  federation::FillRandom(invite.secret);
  CLINNOVA_ASSIGN(const auto store, HubStore::Open(options.folder / "hub.db"));
  CLINNOVA_TRY(
      store->AddInvite(SecretHash(invite.secret), options.site, NowMs() + options.valid.count()));
  return InviteText(invite);
}

Result<std::chrono::milliseconds> ReadDuration(std::string_view text) {
  std::int64_t count = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(read.ptr,
                              static_cast<std::size_t>(text.data() + text.size() - read.ptr));
  const std::int64_t seconds = unit == "s"   ? 1
                               : unit == "m" ? 60
                               : unit == "h" ? 3600
                               : unit == "d" ? 86400
                                             : 0;
  if (read.ec != std::errc() || seconds == 0 || count < 0 || count > 1'000'000) {
    return Fail(ErrorCode::kInvalidInput, "duration: found \"" + std::string(text) +
                                              "\", expected a number with s, m, h or d");
  }
  return std::chrono::seconds(count * seconds);
}

}  // namespace clinnova::network
