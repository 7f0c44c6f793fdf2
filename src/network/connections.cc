// SPDX-License-Identifier: Apache-2.0
#include "network/connections.h"

namespace clinnova::network {

void Mailbox::Put(Mail mail) {
  const std::lock_guard lock(mutex_);
  mails_.push_back(std::move(mail));
  news_.notify_one();
}

void Mailbox::End(Error why) {
  const std::lock_guard lock(mutex_);
  if (!ended_) ended_ = std::move(why);
  news_.notify_all();
}

Result<std::optional<Mail>> Mailbox::Take(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  news_.wait_for(lock, patience, [this] { return ended_ || !mails_.empty(); });
  if (ended_) return tl::unexpected<Error>(*ended_);
  if (mails_.empty()) return std::optional<Mail>();
  std::optional<Mail> mail(std::move(mails_.front()));
  mails_.pop_front();
  return mail;
}

void Connections::Connect(const std::string& site, std::shared_ptr<Outlet> outlet) {
  std::shared_ptr<Outlet> older;
  {
    const std::lock_guard lock(mutex_);
    older = std::exchange(outlets_[site], std::move(outlet));
    TellAll(Mail::What::kConnected, site);
  }
  if (older) older->Close();
}

void Connections::Disconnect(const std::string& site, const Outlet* outlet) {
  const std::lock_guard lock(mutex_);
  const auto found = outlets_.find(site);
  if (found == outlets_.end() || found->second.get() != outlet) return;
  outlets_.erase(found);
  left_[site] = Clock::now();
  TellAll(Mail::What::kLeft, site);
}

bool Connections::IsConnected(const std::string& site) const {
  const std::lock_guard lock(mutex_);
  return outlets_.contains(site);
}

std::chrono::milliseconds Connections::AwayFor(const std::string& site) const {
  const std::lock_guard lock(mutex_);
  if (outlets_.contains(site)) return std::chrono::milliseconds(0);
  const auto left = left_.find(site);
  const Clock::time_point since = left == left_.end() ? started_ : left->second;
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - since);
}

bool Connections::Send(const std::string& site, const HubEnvelope& message) {
  std::shared_ptr<Outlet> outlet;
  {
    const std::lock_guard lock(mutex_);
    const auto found = outlets_.find(site);
    if (found == outlets_.end()) return false;
    outlet = found->second;
  }
  outlet->Send(message);
  return true;
}

void Connections::CloseAll() {
  std::map<std::string, std::shared_ptr<Outlet>> outlets;
  {
    const std::lock_guard lock(mutex_);
    outlets = outlets_;
  }
  for (const auto& [site, outlet] : outlets) outlet->Close();
}

void Connections::Subscribe(const core::Hash& study, Mailbox* mailbox) {
  const std::lock_guard lock(mutex_);
  mailboxes_[study] = mailbox;
}

void Connections::Unsubscribe(const core::Hash& study) {
  const std::lock_guard lock(mutex_);
  mailboxes_.erase(study);
}

void Connections::Deliver(const std::string& site, SiteEnvelope message) {
  const std::lock_guard lock(mutex_);
  const auto found = mailboxes_.find(message.study);
  if (found == mailboxes_.end()) return;  // late: the run is over
  found->second->Put({Mail::What::kMessage, site, std::move(message)});
}

void Connections::TellAll(Mail::What what, const std::string& site) {
  for (const auto& [study, mailbox] : mailboxes_) mailbox->Put({what, site, {}});
}

}  // namespace clinnova::network
