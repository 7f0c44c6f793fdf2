// SPDX-License-Identifier: Apache-2.0
// Which sites are connected to the hub, and who waits for what they say. Knows no transport: the gRPC service
// brings an Outlet per stream, tests bring their own.
//
//   connections.Connect("basel", outlet);           // when basel's stream opens
//   Mailbox mailbox;  connections.Subscribe(study, &mailbox);
//   connections.Send("basel", envelope);            // false: away
//   std::optional<Mail> mail = mailbox.Take(1s);    // answers, and comings and goings
//
// Thread rule: any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/error.h"
#include "network/messages.h"

namespace clinnova::network {

/// One stream to a site.
class Outlet {
 public:
  virtual ~Outlet() = default;
  /// Hands the message over; a message to a broken stream is dropped. Any thread.
  virtual void Send(const HubEnvelope& message) = 0;
  /// Ends the stream.
  virtual void Close() = 0;
};

/// Something that happened at a site.
struct Mail {
  enum class What { kConnected, kLeft, kMessage };
  What what = What::kMessage;
  std::string site;
  SiteEnvelope message{};
};

/// Where a run waits for its sites.
class Mailbox {
 public:
  void Put(Mail mail);
  /// From now on Take gives `why`; the first call counts.
  void End(Error why);
  /// The next mail; nothing when the time is up; the error once ended.
  Result<std::optional<Mail>> Take(std::chrono::milliseconds patience);

 private:
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Mail> mails_;
  std::optional<Error> ended_;
};

class Connections {
 public:
  /// A newer stream of the same site replaces and closes the older one.
  void Connect(const std::string& site,
               std::shared_ptr<Outlet> outlet);  // shared: a sender may still hold it
  void Disconnect(const std::string& site, const Outlet* outlet);
  bool IsConnected(const std::string& site) const;
  /// Time since the site was last there; zero while it is connected.
  std::chrono::milliseconds AwayFor(const std::string& site) const;
  /// False when the site is away.
  bool Send(const std::string& site, const HubEnvelope& message);
  /// Ends every stream, for the hub's shutdown.
  void CloseAll();

  /// Mail about `study`'s answers and all comings and goings goes to `mailbox` (not owned) until Unsubscribe.
  void Subscribe(const core::Hash& study, Mailbox* mailbox);
  void Unsubscribe(const core::Hash& study);
  /// An answer or refusal of a site.
  void Deliver(const std::string& site, SiteEnvelope message);

 private:
  using Clock = std::chrono::steady_clock;
  void TellAll(Mail::What what, const std::string& site);

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Outlet>> outlets_;
  std::map<std::string, Clock::time_point> left_;
  std::map<core::Hash, Mailbox*> mailboxes_;  // not owned
  Clock::time_point started_ = Clock::now();
};

}  // namespace clinnova::network
