// SPDX-License-Identifier: Apache-2.0
#include "federation/secure_sum_messages.h"

#include <algorithm>

namespace clinnova::federation {
namespace {

struct State {
  std::string format = "clinnova/state/1";
  core::Hash study;
  std::string analysis;
  std::string step;
  core::Hash parameters;

  template <class A>
  void Fields(A& a) {
    a(format), a(study), a(analysis), a(step), a(parameters);
  }
};

struct NamedHeader {
  std::string format = "clinnova/header/1";
  RoundHeader header;

  template <class A>
  void Fields(A& a) {
    a(format), a(header);
  }
};

struct NamedSites {
  std::string format = "clinnova/sites/1";
  std::vector<RosterMember> members;

  template <class A>
  void Fields(A& a) {
    a(format), a(members);
  }
};

}  // namespace

RunId NewRunId() {
  RunId run{};
  FillRandom(run);
  return run;
}

core::Hash HeaderHash(const RoundHeader& header) {
  NamedHeader named;
  named.header = header;
  return core::Blake2b(core::Encode(named));
}

core::Hash StateHash(const RoundHeader& header) {
  return core::Blake2b(core::Encode(State{.study = header.study,
                                          .analysis = header.analysis,
                                          .step = header.step,
                                          .parameters = header.parameters}));
}

core::Hash SiteSetHash(const Roster& roster, const SiteSet& set) {
  NamedSites named;
  for (const SiteIndex site : set) named.members.push_back(roster[site]);
  // The order of the roster must not matter: the same sites are the same set.
  std::sort(named.members.begin(), named.members.end(),
            [](const RosterMember& a, const RosterMember& b) { return a.key < b.key; });
  return core::Blake2b(core::Encode(named));
}

core::Hash ParticipantsHash(const AnnouncementList& list) {
  core::ArchiveWriter writer;
  writer(std::string("clinnova/participants/1"));
  for (const SignedMessage& message : list.announcements) writer(message.body);
  return core::Blake2b(writer.Take());
}

bool IsSiteSet(const SiteSet& set, std::size_t sites) {
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (set[i] >= sites || (i > 0 && set[i] <= set[i - 1])) return false;
  }
  return true;
}

bool Contains(const SiteSet& set, SiteIndex site) {
  return std::binary_search(set.begin(), set.end(), site);
}

std::string SiteNames(const Roster& roster, const SiteSet& set) {
  std::string names;
  for (const SiteIndex site : set) {
    if (!names.empty()) names += ", ";
    names += roster[site].site;
  }
  return names;
}

Result<core::Hash> CheckSignature(const Roster& roster, const SignedMessage& message,
                                  std::string_view context) {
  if (message.site >= roster.size()) {
    return Fail(ErrorCode::kRefused, "a message of a site outside the roster", "unknown_site");
  }
  const RosterMember& member = roster[message.site];
  const core::Hash body = core::Blake2b(message.body);
  if (!VerifySignatureOfHash(member.key, context, body, message.signature)) {
    return Fail(ErrorCode::kRefused,
                "a message in the name of site " + member.site + " does not carry its signature",
                "bad_signature");
  }
  return body;
}

Result<SignedMessage> CheckSigned(const Roster& roster, core::ByteView bytes,
                                  std::string_view context) {
  CLINNOVA_ASSIGN(SignedMessage message, core::Decode<SignedMessage>(bytes));
  CLINNOVA_TRY(CheckSignature(roster, message, context));
  return message;
}

}  // namespace clinnova::federation
