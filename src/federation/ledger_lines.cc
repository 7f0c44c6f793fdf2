// SPDX-License-Identifier: Apache-2.0
// A ledger is a text file of one entry per line, each ended by one newline. A line is canonical JSON
// (core/json_text.h) with exactly these keys, in this order:
//
//   {"body":      object           what happened
//    "kind":      text             a LedgerKindName
//    "n":         number           0, 1, 2, ...
//    "previous":  64 hex digits    BLAKE2b-256 of the line before without its newline; zeros for n = 0
//    "signature": 128 hex digits   Ed25519, context "clinnova/ledger/1", over the canonical JSON of the
//                                  same object without "signature"
//    "time":      text}            UTC, ISO 8601 with milliseconds
//
// The first entry's kind is "opened" and its body {"format":1,"key":<64 hex digits>}. Bytes after the last
// newline are an entry that was never finished.
#include "federation/ledger_lines.h"

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/json_text.h"

namespace clinnova::federation {
namespace {

using nlohmann::json;

constexpr std::string_view kContext = "clinnova/ledger/1";

constexpr std::array<std::string_view, 15> kKindNames = {
    "opened", "study_seen",       "approval", "rejection", "run_started", "commitment",
    "round",  "signed_survivors", "refusal",  "policy",    "consent",     "result",
    "model",  "inference",        "feedback"};

core::ByteView BytesOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

template <std::size_t N>
bool ReadHex(const json& value, std::array<std::uint8_t, N>& out) {
  if (!value.is_string()) return false;
  const std::string& text = value.get_ref<const std::string&>();
  const auto bytes = core::FromHex(text);
  // Upper-case digits would be a second form of the same entry.
  if (!bytes || bytes->size() != N || core::ToHex(*bytes) != text) return false;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return true;
}

struct ParsedLine {
  LedgerEntry entry;
  Signature signature{};
  std::string signed_text;
};

/// The line's fields; an empty `what` means that it is an entry in its one canonical form.
std::string ParseFields(const json& object, ParsedLine& parsed) {
  if (!object.is_object() || object.size() != 6) return "not a ledger entry";
  for (const char* key : {"body", "kind", "n", "previous", "signature", "time"}) {
    if (!object.contains(key)) return std::string("the entry has no \"") + key + "\"";
  }
  const auto kind = object["kind"].is_string()
                        ? LedgerKindFromName(object["kind"].get_ref<const std::string&>())
                        : std::nullopt;
  if (!kind) return "the entry is of an unknown kind";
  const bool typed = object["body"].is_object() && object["n"].is_number_unsigned() &&
                     object["time"].is_string() &&
                     ReadHex(object["previous"], parsed.entry.previous) &&
                     ReadHex(object["signature"], parsed.signature);
  if (!typed) return "a field of the entry has the wrong type";
  parsed.entry.kind = *kind;
  parsed.entry.number = object["n"].get<std::uint64_t>();
  parsed.entry.time = object["time"].get<std::string>();
  parsed.entry.body = core::CanonicalJson(object["body"]);
  return {};
}

std::string ParseLine(const std::string& line, ParsedLine& parsed) {
  json object = json::parse(line, nullptr, false);
  if (object.is_discarded()) return "not JSON";
  if (std::string what = ParseFields(object, parsed); !what.empty()) return what;
  if (core::CanonicalJson(object) != line) return "the entry is not in canonical form";
  object.erase("signature");
  parsed.signed_text = core::CanonicalJson(object);
  parsed.entry.hash = core::Blake2b(line);
  return {};
}

/// What is wrong with an entry that must follow `check`; empty when nothing is.
std::string CheckEntry(const ParsedLine& parsed, const LedgerCheck& check, const PublicKey& key,
                       SignatureCheck signatures) {
  const LedgerEntry& entry = parsed.entry;
  if (entry.number != check.entries) {
    return "entry number " + std::to_string(entry.number) + ", expected " +
           std::to_string(check.entries);
  }
  if (entry.previous != check.root) return "the hash of the entry before does not match";
  if (entry.number == 0) {
    const json opened = {{"format", 1}, {"key", core::ToHex(key)}};
    if (entry.kind != LedgerKind::kOpened || entry.body != core::CanonicalJson(opened)) {
      return "the ledger is not one of this key and format";
    }
  }
  if (signatures == SignatureCheck::kEvery &&
      !VerifySignature(key, kContext, BytesOf(parsed.signed_text), parsed.signature)) {
    return "the signature does not match";
  }
  return {};
}

}  // namespace

std::string_view LedgerKindName(LedgerKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::optional<LedgerKind> LedgerKindFromName(std::string_view name) {
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    if (kKindNames[i] == name) return static_cast<LedgerKind>(i);
  }
  return std::nullopt;
}

std::string SignedLedgerLine(const SiteIdentity& identity, LedgerEntry& entry) {
  json object = {{"body", json::parse(entry.body)},
                 {"kind", LedgerKindName(entry.kind)},
                 {"n", entry.number},
                 {"previous", core::ToHex(entry.previous)},
                 {"time", entry.time}};
  const Signature signature = identity.Sign(kContext, BytesOf(core::CanonicalJson(object)));
  object["signature"] = core::ToHex(signature);
  std::string line = core::CanonicalJson(object);
  entry.hash = core::Blake2b(line);
  return line;
}

Result<LedgerCheck> WalkLedger(const std::filesystem::path& path, const PublicKey& key,
                               SignatureCheck signatures,
                               const std::function<void(const LedgerEntry&)>& visit) {
  CLINNOVA_TRY(StartCryptography());
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail(ErrorCode::kInvalidInput, path.string() + ": cannot read the ledger");
  LedgerCheck check;
  ParsedLine parsed;
  std::uint64_t offset = 0;
  std::uint64_t last_offset = 0;
  for (std::string line; std::getline(file, line); offset += line.size() + 1) {
    if (file.eof()) {
      check.torn_bytes = line.size();  // no newline: the entry was never finished
      break;
    }
    parsed = {};
    std::string what = ParseLine(line, parsed);
    if (what.empty()) what = CheckEntry(parsed, check, key, signatures);
    if (!what.empty()) {
      check.fault = LedgerFault{check.entries + 1, offset, std::move(what)};
      return check;
    }
    check.root = parsed.entry.hash;
    ++check.entries;
    last_offset = offset;
    visit(parsed.entry);
  }
  if (file.bad()) return Fail(ErrorCode::kFailed, path.string() + ": cannot read the ledger");
  if (check.entries > 0 && signatures == SignatureCheck::kLastOnly &&
      !VerifySignature(key, kContext, BytesOf(parsed.signed_text), parsed.signature)) {
    check.fault = LedgerFault{check.entries, last_offset, "the signature does not match"};
  }
  return check;
}

}  // namespace clinnova::federation
