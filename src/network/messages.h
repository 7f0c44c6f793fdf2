// SPDX-License-Identifier: Apache-2.0
// What travels between a site and the hub inside proto/clinnova.proto, as canonical bytes (core/archive.h).
//
//   site -> hub  kHello      Hello             when a stream opens: version, the steward's decisions, studies not yet closed
//   hub -> site  kWelcome    -                 the hub knows the site
//   hub -> site  kOffer      StudyOffer        a study that waits for the site's steward
//   site -> hub  kDecision   SignedDecision    approved, rejected or withdrawn
//   hub -> site  kBegin      BeginAsk      ->  Announcement (signed)
//   hub -> site  kDescribe   DescribeAsk   ->  Description
//   hub -> site  kAccept     AnnouncementList  ->  Acknowledgement
//   hub -> site  kFreeze     FrozenTable   ->  Acknowledgement of its hash
//   hub -> site  kUpload     UploadAsk     ->  Upload (signed)
//   hub -> site  kSurvivors  SurvivorRequest ->  SurvivorStatement (signed)
//   hub -> site  kUnmask     UnmaskRequest ->  Unmasking (signed)
//   hub -> site  kClosed     StudyClosed       the study is over
//
// A request may come again after a reconnection and gets the same answer; instead of an answer a Refusal
// may come. Signed messages are those of federation/secure_sum_messages.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/archive.h"
#include "core/hash.h"
#include "federation/disclosure.h"
#include "federation/federation.h"
#include "federation/identity.h"
#include "federation/layout.h"
#include "federation/secure_sum_messages.h"
#include "table/table.h"

namespace clinnova::network {

inline constexpr std::uint64_t kProtocolVersion = 1;
/// The largest message on the wire: an upload of 2^20 numbers and its shares at 255 sites.
inline constexpr int kLargestMessage = 64 << 20;

enum class HubMessageKind : std::uint32_t {
  kOffer = 1,
  kClosed = 2,
  kBegin = 3,
  kDescribe = 4,
  kAccept = 5,
  kFreeze = 6,
  kUpload = 7,
  kSurvivors = 8,
  kUnmask = 9,
  kWelcome = 10,
};

enum class SiteMessageKind : std::uint32_t { kHello = 1, kDecision = 2, kAnswer = 3, kRefusal = 4 };

/// A message of the hub as it came out of the stream.
struct HubEnvelope {
  HubMessageKind kind = HubMessageKind::kOffer;
  std::uint64_t number = 0;  ///< to be answered with; 0: no answer
  core::Hash study{};
  core::Bytes body{};
};

/// A message of a site as it came out of the stream.
struct SiteEnvelope {
  SiteMessageKind kind = SiteMessageKind::kHello;
  std::uint64_t answers = 0;
  core::Hash study{};
  core::Bytes body{};
};

/// What a steward decided about a study with this roster. A later one (by `number`) replaces an earlier.
struct Decision {
  static constexpr std::string_view kContext = "clinnova/decision/1";
  core::Hash study{};
  core::Hash roster{};
  std::string site{};
  bool approved = false;
  std::uint64_t number = 0;  ///< 1, 2, … of this site for this study
  std::string time{};        ///< UTC, RFC 3339

  template <class A>
  void Fields(A& a) {
    a(study), a(roster), a(site), a(approved), a(number), a(time);
  }
};

struct SignedDecision {
  static constexpr bool kCarriesNoPlainNumber = true;  ///< says what the steward decided
  core::Bytes body{};
  federation::Signature signature{};

  template <class A>
  void Fields(A& a) {
    a(body), a(signature);
  }
};

SignedDecision SignDecision(const federation::SiteIdentity& identity, const Decision& decision);
/// The decision, when the owner of `key` signed it; else kRefused "bad_signature".
Result<Decision> OpenDecision(const federation::PublicKey& key,
                              const SignedDecision& signed_decision);

struct Hello {
  static constexpr bool kCarriesNoPlainNumber = true;
  std::uint64_t protocol = kProtocolVersion;
  std::string version{};
  std::vector<SignedDecision> decisions{};
  std::vector<core::Hash> open{};  ///< studies that the site has not seen closed

  template <class A>
  void Fields(A& a) {
    a(protocol), a(version), a(decisions), a(open);
  }
};

struct StudyOffer {
  std::string canonical_json{};
  core::Bytes roster{};  ///< federation::Roster::Encoded

  template <class A>
  void Fields(A& a) {
    a(canonical_json), a(roster);
  }
};

/// How a study ended.
struct StudyClosed {
  std::string state{};  ///< finished, failed, refused, withdrawn
  core::Hash result{};  ///< of the result file; zero when there is none

  template <class A>
  void Fields(A& a) {
    a(state), a(result);
  }
};

struct BeginAsk {
  federation::RunId run{};
  core::Bytes roster{};

  template <class A>
  void Fields(A& a) {
    a(run), a(roster);
  }
};

struct DescribeAsk {
  std::vector<std::string> factors{};  ///< columns that are text at another site: list their levels

  template <class A>
  void Fields(A& a) {
    a(factors);
  }
};

/// A site's table as the gate lets it be told.
struct Description {
  table::SiteSchema schema{};
  std::int64_t minimum_count = 0;  ///< the site's threshold for this study
  federation::DisclosureLimits limits{};

  template <class A>
  void Fields(A& a) {
    a(schema), a(minimum_count), a(limits);
  }
};

/// What all sites read their tables under, for the whole run.
struct FrozenTable {
  table::Schema schema{};
  std::int64_t minimum_count = 0;                                 ///< the strictest site's
  federation::DisclosureLimits limits = federation::Unlimited();  ///< likewise
  std::uint64_t persons =
      0;  ///< all that sites told of their rows: those of fewer than minimum_count are not in it

  template <class A>
  void Fields(A& a) {
    a(schema), a(minimum_count), a(limits), a(persons);
  }
};

/// "I have it, and it is this": the hash of what the hub sent.
struct Acknowledgement {
  static constexpr bool kCarriesNoPlainNumber = true;
  core::Hash hash{};

  template <class A>
  void Fields(A& a) {
    a(hash);
  }
};

/// A round that is over, for the sites' ledgers.
struct FinishedRound {
  std::uint64_t round = 0;
  core::Hash sum{};  ///< of the archive of the sum's elements

  template <class A>
  void Fields(A& a) {
    a(round), a(sum);
  }
};

struct UploadAsk {
  federation::RoundRequest request{};
  federation::RoundHeader header{};
  FinishedRound previous;  ///< round 0: none

  template <class A>
  void Fields(A& a) {
    a(request), a(header), a(previous);
  }
};

/// What RoundHeader::layout is the hash of.
struct FrozenLayout {
  federation::Layout layout{};
  core::Hash table{};  ///< of the FrozenTable

  template <class A>
  void Fields(A& a) {
    a(layout), a(table);
  }
};

/// The header of `request`, but for run, study, roster, participants and format.
federation::RoundHeader HeaderOf(const federation::RoundRequest& request,
                                 const federation::Layout& layout, const core::Hash& frozen_table);

// ---- enrolment and researchers' calls

struct EnrolRequest {
  std::string site{};
  std::array<std::uint8_t, 32> secret{};
  std::string certificate_request{};  ///< PEM
  federation::PublicKey identity{};
  federation::Signature proof{};  ///< of the identity over the certificate request

  template <class A>
  void Fields(A& a) {
    a(site), a(secret), a(certificate_request), a(identity), a(proof);
  }
};
inline constexpr std::string_view kEnrolContext = "clinnova/enrol/1";

struct EnrolReply {
  std::string hub{};          ///< its name
  std::string certificate{};  ///< PEM
  federation::PublicKey
      identity{};  ///< of the hub: signs its ledger and the models of its registry

  template <class A>
  void Fields(A& a) {
    a(hub), a(certificate), a(identity);
  }
};

/// A site's part in a study.
struct StudySiteStatus {
  std::string name{};
  std::string decision{};  ///< waiting, approved, rejected
  bool connected = false;

  template <class A>
  void Fields(A& a) {
    a(name), a(decision), a(connected);
  }
};

struct StudyStatus {
  std::string hash{};  ///< hexadecimal
  std::string title, purpose, permit{};
  std::string state{};  ///< submitted, running, finished, failed, refused, withdrawn
  std::string error{};  ///< why it failed; may be empty
  std::string submitted_at, finished_at{};  ///< RFC 3339 UTC; empty: not yet
  std::int64_t rounds = 0;
  std::string analysis{};  ///< the one that runs now
  std::int64_t analyses_done = 0, analyses_total = 0;
  std::vector<StudySiteStatus> sites{};

  template <class A>
  void Fields(A& a) {
    a(hash), a(title), a(purpose), a(permit), a(state), a(error), a(submitted_at), a(finished_at);
    a(rounds), a(analysis), a(analyses_done), a(analyses_total), a(sites);
  }
};

struct SiteStatus {
  std::string name{};
  bool connected = false;
  std::string last_seen{};  ///< RFC 3339 UTC; empty: never
  std::string version{};
  std::int64_t studies_approved = 0, studies_waiting = 0;

  template <class A>
  void Fields(A& a) {
    a(name), a(connected), a(last_seen), a(version), a(studies_approved), a(studies_waiting);
  }
};

/// Now, in milliseconds since 1970.
std::int64_t NowMs();
/// RFC 3339 UTC with milliseconds; empty for 0.
std::string TimeText(std::int64_t ms);

}  // namespace clinnova::network
