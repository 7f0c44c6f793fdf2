// SPDX-License-Identifier: Apache-2.0
// What travels in a secure sum, in the order in which it travels. Every message is core/archive.h's
// canonical bytes; those of a site are wrapped in a SignedMessage.
//
//   site -> hub   Announcement       once per run: the site's fresh X25519 key
//   hub -> site   AnnouncementList   everybody's announcements, as signed
//   hub -> site   RoundHeader        (with the step's parameters, carried by the caller)
//   site -> hub   Upload             the masked numbers, and shares of the masks sealed for each other site
//   hub -> site   SurvivorRequest    whose uploads arrived
//   site -> hub   SurvivorStatement  "I know this set, and no other, for this header"
//   hub -> site   UnmaskRequest      the others' statements and the shares sealed for this site
//   site -> hub   Unmasking          opened shares: self masks of survivors, pair masks of the others
//
// Source: K. Bonawitz et al., "Practical secure aggregation for privacy-preserving machine learning",
// CCS 2017, on the complete graph. Who learns what: secure_sum_site.h.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/archive.h"
#include "core/hash.h"
#include "federation/identity.h"
#include "federation/roster.h"

namespace clinnova::federation {

/// A run of a study: 16 random bytes that the hub draws.
using RunId = std::array<std::uint8_t, 16>;
/// A random run id.
RunId NewRunId();

/// A site's place in the roster.
using SiteIndex = std::uint64_t;
/// Sites, in increasing order, none twice.
using SiteSet = std::vector<SiteIndex>;

inline constexpr std::uint64_t kFixedPointFormat = 1;  ///< the number forms of federation/layout.h
inline constexpr std::uint64_t kMostElements = std::uint64_t{1} << 24;

/// Everything that a round is about. Masks are derived from its hash, so that they cancel only between
/// sites that saw the same header.
struct RoundHeader {
  RunId run{};
  std::uint64_t round = 0;
  core::Hash study{};          ///< of the study document that the stewards approved
  std::string analysis;        ///< the analysis within the study
  std::string step;            ///< the step within the analysis
  core::Hash parameters{};     ///< of the step's parameters, the state of the algorithm
  core::Hash roster{};         ///< Roster::hash
  core::Hash participants{};   ///< ParticipantsHash of the run
  core::Hash layout{};         ///< of the encoded block layout
  std::uint64_t elements = 0;  ///< 128-bit integers in the layout, the checksum not counted
  std::uint64_t format = kFixedPointFormat;

  template <class A>
  void Fields(A& a) {
    a(run), a(round), a(study), a(analysis), a(step), a(parameters), a(roster), a(participants);
    a(layout), a(elements), a(format);
  }
  bool operator==(const RoundHeader&) const = default;
};

/// BLAKE2b-256 of the header.
core::Hash HeaderHash(const RoundHeader& header);
/// BLAKE2b-256 of what the round asks: study, analysis, step and parameters, in whichever run and round.
core::Hash StateHash(const RoundHeader& header);
/// BLAKE2b-256 over the names and keys of the sites in `set`: the same sites in another roster have the
/// same hash.
core::Hash SiteSetHash(const Roster& roster, const SiteSet& set);

/// A site's message: `body` is the archive of one of the structs below.
struct SignedMessage {
  SiteIndex site = 0;
  core::Bytes body;
  Signature signature{};

  template <class A>
  void Fields(A& a) {
    a(site), a(body), a(signature);
  }
};

struct Announcement {
  static constexpr std::string_view kContext = "clinnova/announcement/1";
  SiteIndex site = 0;
  RunId run{};
  core::Hash study{};
  core::Hash roster{};
  std::array<std::uint8_t, 32> exchange_key{};  ///< X25519, fresh for the run

  template <class A>
  void Fields(A& a) {
    a(site), a(run), a(study), a(roster), a(exchange_key);
  }
};

/// The announcements of the sites that take part in the run, by increasing index.
struct AnnouncementList {
  std::vector<SignedMessage> announcements;

  template <class A>
  void Fields(A& a) {
    a(announcements);
  }
};

/// BLAKE2b-256 over the signed bodies of a run's announcements.
core::Hash ParticipantsHash(const AnnouncementList& list);

struct Upload {
  static constexpr std::string_view kContext = "clinnova/upload/1";
  SiteIndex site = 0;
  core::Hash header{};
  std::vector<__int128> masked{};  ///< elements + 1 numbers: the last is the masked checksum
  std::vector<core::Hash>
      commitments{};  ///< one per roster site j: to the pair mask seed with j; at the
                      ///< site's own place to its self mask seed; absent: zero
  std::vector<core::Bytes> sealed{};  ///< one per roster site; empty for itself and for the absent

  template <class A>
  void Fields(A& a) {
    a(site), a(header), a(masked), a(commitments), a(sealed);
  }
};

struct SurvivorRequest {
  RoundHeader header;
  SiteSet survivors{};

  template <class A>
  void Fields(A& a) {
    a(header), a(survivors);
  }
};

struct SurvivorStatement {
  static constexpr std::string_view kContext = "clinnova/survivors/1";
  SiteIndex site = 0;
  core::Hash header{};
  SiteSet survivors{};
  std::vector<core::Hash>
      tags{};  ///< one per roster site: authenticates the statement to that site under
               ///< their pair key; absent: zero

  template <class A>
  void Fields(A& a) {
    a(site), a(header), a(survivors), a(tags);
  }
};

/// Another site's tag for the receiver of an UnmaskRequest.
struct SurvivorTag {
  SiteIndex site = 0;
  core::Hash tag{};

  template <class A>
  void Fields(A& a) {
    a(site), a(tag);
  }
};

struct UnmaskRequest {
  RoundHeader header;
  SiteSet survivors{};
  std::vector<SurvivorTag> tags{};
  std::vector<core::Bytes>
      sealed{};  ///< one per survivor, as that survivor sealed it for the receiver

  template <class A>
  void Fields(A& a) {
    a(header), a(survivors), a(tags), a(sealed);
  }
};

struct Unmasking {
  static constexpr std::string_view kContext = "clinnova/unmasking/1";
  SiteIndex site = 0;
  core::Hash header{};
  SiteSet survivors{};
  std::vector<core::Bytes>
      shares{};  ///< one per survivor i: this site's share of i's self mask seed, then
                 ///< of i's pair mask seed with each dropped site in order, 32 bytes
                 ///< each; empty when what i sealed does not open

  template <class A>
  void Fields(A& a) {
    a(site), a(header), a(survivors), a(shares);
  }
};

/// The longest message that a site sends in a round of `elements` with `sites` in the roster, in bytes: what
/// a transport should let through.
constexpr std::size_t MostMessageBytes(std::size_t elements, std::size_t sites) {
  return 16 * (elements + 1) + sites * (32 + 8 + 32 * sites + 16) + 8 * sites + 512;
}

/// True when `set` is increasing and every index is below `sites`.
bool IsSiteSet(const SiteSet& set, std::size_t sites);
bool Contains(const SiteSet& set, SiteIndex site);
/// "basel, trier" for messages.
std::string SiteNames(const Roster& roster, const SiteSet& set);

/// Signs `value`'s canonical bytes under T's context.
template <typename T>
SignedMessage SignMessage(const SiteIdentity& identity, const T& value) {
  SignedMessage message{value.site, core::Encode(value), {}};
  message.signature = identity.Sign(T::kContext, message.body);
  return message;
}

/// The signed message in `bytes`, when it has a site of the roster and that site's signature under
/// `context`; else kRefused with reason "unknown_site" or "bad_signature", or kInvalidInput.
Result<SignedMessage> CheckSigned(const Roster& roster, core::ByteView bytes,
                                  std::string_view context);
/// The same of a message that was decoded: the BLAKE2b-256 of its body.
Result<core::Hash> CheckSignature(const Roster& roster, const SignedMessage& message,
                                  std::string_view context);

/// The content of a message whose signature was checked. kInvalidInput when it is malformed or speaks
/// for another site.
template <typename T>
Result<T> OpenSigned(const SignedMessage& message) {
  CLINNOVA_ASSIGN(T value, core::Decode<T>(message.body));
  if (value.site != message.site) {
    return Fail(ErrorCode::kInvalidInput, "a message speaks for another site", "malformed");
  }
  return value;
}

}  // namespace clinnova::federation
