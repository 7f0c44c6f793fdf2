// SPDX-License-Identifier: Apache-2.0
#include "network/run_conversation.h"

#include <algorithm>

#include "federation/release.h"
#include "federation/secret.h"

namespace clinnova::network {
namespace {

constexpr std::chrono::milliseconds kGlance{500};
constexpr int kMostBadAnswers = 3;

/// Numbers of another hub process must not be mistaken for ours.
std::uint64_t RandomNumber() {
  std::array<std::uint8_t, 8> bytes{};
  federation::FillRandom(bytes);
  std::uint64_t number = 0;
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::uint8_t*>(&number));
  return number >> 1;
}

}  // namespace

struct Conversation::Asked {
  const Question& question;
  std::uint64_t number;
  std::vector<bool> answered;
  std::vector<int> bad;
};

Conversation::Conversation(Options options)
    : options_(std::move(options)), last_number_(RandomNumber()) {}

void Conversation::Send(const Asked& asked, std::size_t site) {
  options_.connections->Send(options_.sites[site], {.kind = asked.question.kind,
                                                    .number = asked.number,
                                                    .study = options_.study,
                                                    .body = asked.question.body(site)});
}

Result<void> Conversation::Handle(Asked& asked, const Mail& mail) {
  const auto found = std::find(options_.sites.begin(), options_.sites.end(), mail.site);
  if (found == options_.sites.end()) return {};
  const auto site = static_cast<std::size_t>(found - options_.sites.begin());
  if (mail.what == Mail::What::kConnected && !asked.answered[site]) Send(asked, site);
  if (mail.what != Mail::What::kMessage || mail.message.answers != asked.number ||
      asked.answered[site]) {
    return {};
  }
  if (mail.message.kind == SiteMessageKind::kRefusal) {
    const auto refusal = core::Decode<federation::Refusal>(mail.message.body);
    if (!refusal) return FailAt("site " + mail.site, refusal);
    return Fail(refusal->code, "site " + mail.site + " refused: " + refusal->reason,
                refusal->reason);
  }
  const Result<void> taken = asked.question.take(site, mail.message.body);
  if (taken) {
    asked.answered[site] = true;
    return {};
  }
  if (taken.error().code == ErrorCode::kFailed) return taken;
  if (++asked.bad[site] >= kMostBadAnswers) {
    return Fail(ErrorCode::kFailed, "site " + mail.site + ": " + taken.error().message,
                "site_broke_protocol");
  }
  Send(asked, site);
  return {};
}

Result<void> Conversation::CheckPatience(const Asked& asked) const {
  for (std::size_t s = 0; s < options_.sites.size(); ++s) {
    const std::string& site = options_.sites[s];
    const auto away = options_.connections->AwayFor(site);
    if (asked.answered[s] || away <= options_.patience) continue;
    return Fail(ErrorCode::kUnreachable,
                "site " + site + " has been away for " +
                    std::to_string(std::chrono::duration_cast<std::chrono::seconds>(away).count()) +
                    " s",
                "site_away");
  }
  return {};
}

Result<void> Conversation::Ask(const Question& question) {
  Asked asked{question, ++last_number_, question.answered, {}};
  asked.answered.resize(options_.sites.size());
  asked.bad.resize(options_.sites.size());
  const auto enough = [&] {
    return question.enough ? question.enough()
                           : std::find(asked.answered.begin(), asked.answered.end(), false) ==
                                 asked.answered.end();
  };
  if (enough()) return {};
  for (std::size_t s = 0; s < options_.sites.size(); ++s) {
    if (!asked.answered[s]) Send(asked, s);
  }
  while (!enough()) {
    CLINNOVA_ASSIGN(const std::optional<Mail> mail, options_.mailbox->Take(kGlance));
    if (mail) {
      CLINNOVA_TRY(Handle(asked, *mail));
    } else {
      CLINNOVA_TRY(CheckPatience(asked));
    }
  }
  return {};
}

}  // namespace clinnova::network
