// SPDX-License-Identifier: Apache-2.0
// Saved secrets: 8 bytes "CLNVRUN1" | 64 bytes exchange secret and self root | canonical bytes of
// SavedRun | 32 bytes BLAKE2b-256 of all before it.
#include "federation/secure_sum_site.h"

#include <algorithm>
#include <set>

#include "core/check.h"
#include "federation/mask.h"

namespace clinnova::federation {
namespace {

constexpr std::string_view kMagic = "CLNVRUN1";
constexpr std::size_t kSecretsEnd = 8 + RunKeys::kSecretBytes;
constexpr std::uint64_t kFewestSites = 3;
constexpr std::size_t kLongestRequest = std::size_t{8} << 20;

struct SavedRun {
  RunId run{};
  core::Hash study{};
  core::Hash roster{};
  SiteIndex site = 0;
  AnnouncementList list;

  template <class A>
  void Fields(A& a) {
    a(run), a(study), a(roster), a(site), a(list);
  }
};

struct RoundKey {
  RunId run;
  std::uint64_t round;

  template <class A>
  void Fields(A& a) {
    a(run), a(round);
  }
};

struct StudyKey {
  core::Hash study;
  std::uint64_t consents;

  template <class A>
  void Fields(A& a) {
    a(study), a(consents);
  }
};

template <typename T>
core::Hash HashOf(const T& value) {
  return core::Blake2b(core::Encode(value));
}

tl::unexpected<Error> Refuse(std::string message, std::string reason) {
  return Fail(ErrorCode::kRefused, std::move(message), std::move(reason));
}

template <typename T>
Result<T> DecodeRequest(core::ByteView bytes) {
  if (bytes.size() > kLongestRequest) {
    return Fail(ErrorCode::kInvalidInput, "a message of the hub is too long", "malformed");
  }
  return core::Decode<T>(bytes);
}

}  // namespace

// ---- entering a run

SecureSumSite::SecureSumSite(Options options, SiteIndex self,
                             const SecretBytes<RunKeys::kSecretBytes>& secrets)
    : options_(std::move(options)), self_(self), keys_(self, options_.run, secrets) {}

Result<SiteIndex> SecureSumSite::CheckOptions(const Options& options) {
  CLINNOVA_CHECK(options.identity != nullptr && options.record != nullptr);
  CLINNOVA_TRY(StartCryptography());
  if (options.minimum_sites < kFewestSites || options.roster.size() < options.minimum_sites) {
    return Refuse("a secure sum over " + std::to_string(options.roster.size()) +
                      " sites with a minimum of " + std::to_string(options.minimum_sites) +
                      ", expected at least 3",
                  "too_few_sites");
  }
  const auto self = options.roster.IndexOf(options.identity->public_key());
  if (!self) return Refuse("this site is not in the roster of the study", "unknown_site");
  return static_cast<SiteIndex>(*self);
}

Result<SecureSumSite> SecureSumSite::Begin(Options options) {
  CLINNOVA_ASSIGN(const SiteIndex self, CheckOptions(options));
  return SecureSumSite(std::move(options), self, SecretBytes<RunKeys::kSecretBytes>::Random());
}

Result<SecureSumSite> SecureSumSite::Resume(Options options, core::ByteView saved) {
  CLINNOVA_ASSIGN(const SiteIndex self, CheckOptions(options));
  const auto damaged = Fail(ErrorCode::kInvalidInput, "the saved secrets of the run are damaged");
  const std::size_t hash_bytes = sizeof(core::Hash);
  if (saved.size() < kSecretsEnd + hash_bytes) return damaged;
  const core::ByteView content = saved.first(saved.size() - hash_bytes);
  const core::Hash hash = core::Blake2b(content);
  if (!std::equal(hash.begin(), hash.end(), saved.last(hash_bytes).begin()) ||
      !std::equal(kMagic.begin(), kMagic.end(), content.begin())) {
    return damaged;
  }
  CLINNOVA_ASSIGN(SavedRun state, core::Decode<SavedRun>(content.subspan(kSecretsEnd)));
  if (state.run != options.run || state.study != options.study ||
      state.roster != options.roster.hash() || state.site != self) {
    return Fail(ErrorCode::kInvalidInput, "the saved secrets are those of another run");
  }
  SecretBytes<RunKeys::kSecretBytes> secrets;
  std::copy_n(content.begin() + kMagic.size(), secrets.size(), secrets.data());
  SecureSumSite site(std::move(options), self, secrets);
  if (!state.list.announcements.empty()) CLINNOVA_TRY(site.Accept(core::Encode(state.list)));
  return site;
}

SecretBuffer SecureSumSite::Save() const {
  const core::Bytes state =
      core::Encode(SavedRun{options_.run, options_.study, options_.roster.hash(), self_, list_});
  SecretBuffer saved(kSecretsEnd + state.size() + sizeof(core::Hash));
  auto at = std::copy(kMagic.begin(), kMagic.end(), saved.bytes().begin());
  at = std::copy_n(keys_.secrets().data(), RunKeys::kSecretBytes, at);
  at = std::copy(state.begin(), state.end(), at);
  const core::Hash hash = core::Blake2b(saved.bytes().first(kSecretsEnd + state.size()));
  std::copy(hash.begin(), hash.end(), at);
  return saved;
}

SignedMessage SecureSumSite::OwnAnnouncement() const {
  return SignMessage(*options_.identity, Announcement{.site = self_,
                                                      .run = options_.run,
                                                      .study = options_.study,
                                                      .roster = options_.roster.hash(),
                                                      .exchange_key = keys_.exchange_key()});
}

Result<core::Bytes> SecureSumSite::Announce() {
  const SignedMessage message = OwnAnnouncement();
  const Claim claim{ClaimKind::kAnnouncement, HashOf(options_.run), core::Blake2b(message.body)};
  return Recorded<core::Bytes>("announce", [&]() -> Result<core::Bytes> {
    CLINNOVA_TRY(options_.record->Commit({&claim, 1}));
    return core::Encode(message);
  }());
}

Result<void> SecureSumSite::CheckAnnouncement(const SignedMessage& message, RunKeys& keys) const {
  CLINNOVA_TRY(CheckSignature(options_.roster, message, Announcement::kContext));
  CLINNOVA_ASSIGN(const Announcement announcement, OpenSigned<Announcement>(message));
  const std::string& name = options_.roster[message.site].site;
  if (announcement.run != options_.run) return Refuse(name + " announced another run", "wrong_run");
  if (announcement.study != options_.study) {
    return Refuse(name + " announced another study", "wrong_study");
  }
  if (announcement.roster != options_.roster.hash()) {
    return Refuse(name + " announced another roster", "wrong_roster");
  }
  if (message.site != self_) {
    if (auto agreed = keys.Agree(message.site, announcement.exchange_key); !agreed) {
      return FailAt(name, agreed);
    }
  } else if (announcement.exchange_key != keys_.exchange_key()) {
    return Refuse("the hub passed on another key for this site", "own_announcement_changed");
  }
  return {};
}

Result<RunKeys> SecureSumSite::AgreeWithAll(const AnnouncementList& list) const {
  RunKeys keys(self_, options_.run, keys_.secrets());
  std::set<ExchangeKey> exchange_keys;
  for (std::size_t i = 0; i < list.announcements.size(); ++i) {
    const SignedMessage& message = list.announcements[i];
    if (i > 0 && message.site <= list.announcements[i - 1].site) {
      return Fail(ErrorCode::kInvalidInput, "announcements are not in the roster's order",
                  "malformed");
    }
    CLINNOVA_TRY(CheckAnnouncement(message, keys));
    CLINNOVA_ASSIGN(const Announcement announcement, OpenSigned<Announcement>(message));
    if (!exchange_keys.insert(announcement.exchange_key).second) {
      return Refuse(options_.roster[message.site].site + " announced the key of another site",
                    "exchange_key_twice");
    }
  }
  return keys;
}

Result<void> SecureSumSite::AcceptList(core::ByteView bytes) {
  CLINNOVA_ASSIGN(AnnouncementList list, DecodeRequest<AnnouncementList>(bytes));
  CLINNOVA_ASSIGN(RunKeys keys, AgreeWithAll(list));
  SiteSet participants;
  for (const SignedMessage& message : list.announcements) participants.push_back(message.site);
  if (!Contains(participants, self_)) {
    return Refuse("the hub left this site out of the run", "own_announcement_changed");
  }
  if (participants.size() < quorum()) {
    return Refuse("sites that take part: " + std::to_string(participants.size()) + " < " +
                      std::to_string(quorum()),
                  "too_few_sites");
  }
  const core::Hash hash = ParticipantsHash(list);
  const Claim claim{ClaimKind::kParticipants, HashOf(options_.run), hash};
  CLINNOVA_TRY(options_.record->Commit({&claim, 1}));
  keys_ = std::move(keys);
  list_ = std::move(list);
  participants_ = std::move(participants);
  participants_hash_ = hash;
  return {};
}

Result<void> SecureSumSite::Accept(core::ByteView announcement_list) {
  return Recorded<void>("announcements", AcceptList(announcement_list));
}

std::size_t SecureSumSite::quorum() const {
  return std::max<std::size_t>(options_.minimum_sites, options_.roster.threshold());
}

// ---- a round

Result<void> SecureSumSite::CheckHeader(const RoundHeader& header) const {
  if (!accepted()) return Refuse("the run has not begun at this site", "not_accepted");
  if (header.run != options_.run) return Refuse("a round of another run", "wrong_run");
  if (header.study != options_.study) return Refuse("a round of another study", "wrong_study");
  if (header.roster != options_.roster.hash()) {
    return Refuse("a round with another roster", "wrong_roster");
  }
  if (header.participants != participants_hash_) {
    return Refuse("a round with other announcements", "wrong_participants");
  }
  if (header.format != kFixedPointFormat) {
    return Refuse("fixed-point format: found " + std::to_string(header.format) + ", expected " +
                      std::to_string(kFixedPointFormat),
                  "wrong_format");
  }
  if (header.elements == 0 || header.elements > kMostElements) {
    return Refuse("elements: found " + std::to_string(header.elements) + ", expected 1 to " +
                      std::to_string(kMostElements),
                  "wrong_size");
  }
  return {};
}

Result<core::Bytes> SecureSumSite::MakeUpload(const RoundHeader& header,
                                              std::span<const __int128> numbers) {
  CLINNOVA_TRY(CheckHeader(header));
  if (numbers.size() != header.elements) {
    return Refuse("elements: found " + std::to_string(numbers.size()) + ", expected " +
                      std::to_string(header.elements),
                  "wrong_size");
  }
  const core::Hash hash = HeaderHash(header);
  const core::ByteView plain(reinterpret_cast<const std::uint8_t*>(numbers.data()),
                             numbers.size_bytes());
  // Masks depend on the header alone: other numbers under the same masks would show the difference.
  const Claim claims[] = {{ClaimKind::kRound, HashOf(RoundKey{header.run, header.round}), hash},
                          {ClaimKind::kUpload, hash, keys_.ContributionTag(hash, plain)}};
  CLINNOVA_TRY(options_.record->Commit(claims));

  const std::size_t sites = options_.roster.size();
  federation::Upload upload{.site = self_, .header = hash};
  upload.masked.assign(numbers.begin(), numbers.end());
  upload.masked.push_back(0);
  upload.commitments.resize(sites);
  upload.sealed.resize(sites);
  const std::span<RingElement> masked(reinterpret_cast<RingElement*>(upload.masked.data()),
                                      upload.masked.size());
  masked.back() = Checksum(hash, masked.first(numbers.size()));
  const SecretSharing sharing = keys_.ShareSeeds(sites, options_.roster.threshold(), hash);
  for (const SiteIndex site : participants_) {
    const bool own = site == self_;
    const SecretKey seed = own ? keys_.SelfMaskSeed(hash) : keys_.PairMaskSeed(site, hash);
    ApplyMask(seed, own || self_ < site ? MaskSign::kAdd : MaskSign::kSubtract, masked);
    upload.commitments[site] = SeedCommitment(seed);
    if (own) continue;
    const SecretBuffer share = sharing.ShareFor(static_cast<std::uint8_t>(site + 1));
    upload.sealed[site] = keys_.Seal(site, hash, share.bytes());
  }
  return core::Encode(SignMessage(*options_.identity, upload));
}

Result<core::Bytes> SecureSumSite::Upload(const RoundHeader& header,
                                          std::span<const __int128> numbers) {
  return Recorded<core::Bytes>("upload", MakeUpload(header, numbers));
}

Result<void> SecureSumSite::CommitToSurvivors(const RoundHeader& header, const core::Hash& hash,
                                              const SiteSet& survivors) {
  const bool known =
      IsSiteSet(survivors, options_.roster.size()) &&
      std::includes(participants_.begin(), participants_.end(), survivors.begin(), survivors.end());
  if (!known) return Refuse("the survivors are not participants of the run", "bad_set");
  if (!options_.record->Holds(ClaimKind::kUpload, hash)) {
    return Refuse("this site uploaded nothing for this header", "not_uploaded");
  }
  if (!Contains(survivors, self_)) return Refuse("the hub dropped this site", "not_a_survivor");
  if (survivors.size() < quorum()) {
    return Refuse(
        "survivors: " + std::to_string(survivors.size()) + " < " + std::to_string(quorum()),
        "too_few_survivors");
  }
  const core::Hash sites = SiteSetHash(options_.roster, survivors);
  const Claim claims[] = {
      {ClaimKind::kSurvivors, hash, sites},
      {ClaimKind::kState, StateHash(header), sites},
      {ClaimKind::kStudy, HashOf(StudyKey{header.study, options_.consents}), sites}};
  return options_.record->Commit(claims);
}

Result<core::Bytes> SecureSumSite::MakeStatement(core::ByteView bytes) {
  CLINNOVA_ASSIGN(const SurvivorRequest request, DecodeRequest<SurvivorRequest>(bytes));
  CLINNOVA_TRY(CheckHeader(request.header));
  const core::Hash hash = HeaderHash(request.header);
  CLINNOVA_TRY(CommitToSurvivors(request.header, hash, request.survivors));
  SurvivorStatement statement{.site = self_, .header = hash, .survivors = request.survivors};
  statement.tags.resize(options_.roster.size());
  for (const SiteIndex site : request.survivors) {
    if (site == self_) continue;
    statement.tags[site] = keys_.StatementTag(self_, site, hash, request.survivors);
  }
  return core::Encode(SignMessage(*options_.identity, statement));
}

Result<core::Bytes> SecureSumSite::SignSurvivors(core::ByteView request) {
  return Recorded<core::Bytes>("survivors", MakeStatement(request));
}

Result<core::Bytes> SecureSumSite::MakeUnmasking(core::ByteView bytes) {
  CLINNOVA_ASSIGN(const UnmaskRequest request, DecodeRequest<UnmaskRequest>(bytes));
  CLINNOVA_TRY(CheckHeader(request.header));
  const core::Hash hash = HeaderHash(request.header);
  CLINNOVA_TRY(CommitToSurvivors(request.header, hash, request.survivors));
  if (request.sealed.size() != request.survivors.size()) {
    return Fail(ErrorCode::kInvalidInput, "sealed shares are missing", "malformed");
  }
  std::set<SiteIndex> agreed = {self_};
  for (const SurvivorTag& stated : request.tags) {
    if (stated.site == self_ || !Contains(request.survivors, stated.site)) continue;
    const core::Hash expected =
        keys_.StatementTag(stated.site, stated.site, hash, request.survivors);
    if (SameTag(expected, stated.tag)) agreed.insert(stated.site);
  }
  if (agreed.size() < options_.roster.threshold()) {
    return Refuse("sites that stated this survivor set: " + std::to_string(agreed.size()) + " < " +
                      std::to_string(options_.roster.threshold()),
                  "too_few_statements");
  }
  Unmasking unmasking{.site = self_, .header = hash, .survivors = request.survivors};
  for (std::size_t i = 0; i < request.survivors.size(); ++i) {
    unmasking.shares.push_back(
        ReleasedShare(request.survivors[i], hash, request.survivors, request.sealed[i]));
  }
  return core::Encode(SignMessage(*options_.identity, unmasking));
}

core::Bytes SecureSumSite::ReleasedShare(SiteIndex owner, const core::Hash& hash,
                                         const SiteSet& survivors, core::ByteView sealed) const {
  const std::size_t sites = options_.roster.size();
  std::optional<SecretBuffer> share;
  if (owner == self_) {
    share = keys_.ShareSeeds(sites, options_.roster.threshold(), hash)
                .ShareFor(static_cast<std::uint8_t>(self_ + 1));
  } else {
    share = keys_.Open(owner, hash, sealed);
  }
  if (!share || share->bytes().size() != sites * SecretKey::size()) return {};
  core::Bytes released;
  const auto release = [&](SiteIndex place) {
    const core::ByteView seed =
        core::ByteView(share->bytes()).subspan(place * SecretKey::size(), SecretKey::size());
    released.insert(released.end(), seed.begin(), seed.end());
  };
  // The owner's self mask, and its pair masks with the dropped: never a pair mask of two survivors, and
  // nothing that belongs to a dropped site's own upload but those.
  release(owner);
  for (const SiteIndex site : participants_) {
    if (!Contains(survivors, site)) release(site);
  }
  return released;
}

Result<core::Bytes> SecureSumSite::Unmask(core::ByteView request) {
  return Recorded<core::Bytes>("unmask", MakeUnmasking(request));
}

template <typename T>
Result<T> SecureSumSite::Recorded(std::string_view request, Result<T> answer) {
  if (!answer && answer.error().code == ErrorCode::kRefused) {
    options_.record->Refused(request, answer.error());
  }
  return answer;
}

}  // namespace clinnova::federation
