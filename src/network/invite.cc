// SPDX-License-Identifier: Apache-2.0
#include "network/invite.h"

#include <sodium.h>

#include <algorithm>

namespace clinnova::network {
namespace {

constexpr std::string_view kPrefix = "clinnova-invite-1.";
constexpr std::size_t kCheckBytes = 4;
constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

tl::unexpected<Error> Malformed() {
  return Fail(ErrorCode::kInvalidInput,
              "invite: found a text that is none or was cut, expected clinnova-invite-1.…",
              "malformed_invite");
}

}  // namespace

std::string InviteText(const Invite& invite) {
  core::Bytes bytes = core::Encode(invite);
  const core::Hash check = core::Blake2b(bytes);
  bytes.insert(bytes.end(), check.begin(), check.begin() + kCheckBytes);
  std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  text.resize(text.find('\0'));
  return std::string(kPrefix) + text;
}

Result<Invite> ReadInvite(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  if (!text.starts_with(kPrefix)) return Malformed();
  text.remove_prefix(kPrefix.size());
  core::Bytes bytes(text.size());
  std::size_t size = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size,
                        nullptr, kVariant) != 0 ||
      size < kCheckBytes) {
    return Malformed();
  }
  const core::ByteView content(bytes.data(), size - kCheckBytes);
  const core::Hash check = core::Blake2b(content);
  if (!std::equal(check.begin(), check.begin() + kCheckBytes, content.end())) return Malformed();
  const auto invite = core::Decode<Invite>(content);
  if (!invite) return Malformed();
  CLINNOVA_TRY(CheckSiteName(invite->site));
  return *invite;
}

core::Hash SecretHash(const InviteSecret& secret) { return core::Blake2b(core::Encode(secret)); }

Result<void> CheckSiteName(std::string_view name) {
  const bool fits =
      !name.empty() && name.size() <= 63 && std::isalnum(static_cast<unsigned char>(name[0])) &&
      std::all_of(name.begin(), name.end(),
                  [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '.'; });
  if (fits) return {};
  return Fail(ErrorCode::kInvalidInput,
              "site name: found \"" + std::string(name) +
                  "\", expected 1 to 63 letters, digits, dots or hyphens");
}

}  // namespace clinnova::network
