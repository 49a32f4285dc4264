#include "plugins/data_fhir/service/importer.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace strata::fhir::service {
namespace {

// One more than cores: while one waits for the disk the others work.
unsigned ThreadCount() { return std::clamp(std::thread::hardware_concurrency(), 1U, 7U) + 1; }

}  // namespace

Importer::Importer(store::Store& store, const Context& cx, const bundle::Environment& environment)
    : store_(store), cx_(cx), environment_(environment) {}

Importer::~Importer() { static_cast<void>(Finish()); }

Status Importer::Add(ImportText text) {
  filling_.bytes += text.json.size();
  filling_.texts.push_back(std::move(text));
  if (filling_.texts.size() < kBatchTexts && filling_.bytes < kBatchBytes) return {};
  return Send();
}

Status Importer::Send() {
  if (filling_.texts.empty()) return {};
  filling_.number = batches_++;
  if (threads_.size() < ThreadCount()) {
    threads_.emplace_back([this] { Work(); });
    pthread_setname_np(threads_.back().native_handle(), "fhir-import");
  }
  base::MutexLock lock(mutex_);
  while (queued_bytes_ > kMaxQueuedBytes && status_.ok()) changed_.Wait(mutex_);
  if (!status_.ok()) return status_;
  queued_bytes_ += filling_.bytes;
  queue_.push_back(std::exchange(filling_, {}));
  changed_.NotifyAll();
  return {};
}

void Importer::Work() {
  ImportJob job(store_, cx_, order_, environment_);
  while (true) {
    ImportBatch batch;
    bool skip = false;
    {
      base::MutexLock lock(mutex_);
      while (queue_.empty() && !closed_) changed_.Wait(mutex_);
      if (queue_.empty()) return;
      batch = std::move(queue_.front());
      queue_.pop_front();
      skip = !status_.ok();
    }
    ImportProgress progress;
    Status status;
    if (skip) {
      // Keeps the turns going; nothing more is written.
      order_.Begin(batch.number, {});
      order_.End(batch.number);
    } else {
      status = job.Run(batch, &progress);
    }
    base::MutexLock lock(mutex_);
    queued_bytes_ -= batch.bytes;
    Merge(std::move(progress), status);
    changed_.NotifyAll();
  }
}

void Importer::Merge(ImportProgress progress, const Status& status) {
  if (status_.ok() && !status.ok()) status_ = status;
  progress_.items += progress.items;
  progress_.resources += progress.resources;
  progress_.bytes += progress.bytes;
  std::move(progress.faults.begin(), progress.faults.end(), std::back_inserter(progress_.faults));
}

ImportProgress Importer::TakeProgress() {
  base::MutexLock lock(mutex_);
  return std::exchange(progress_, {});
}

Status Importer::Finish() {
  Status sent = Send();
  {
    base::MutexLock lock(mutex_);
    closed_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  base::MutexLock lock(mutex_);
  return status_.ok() ? sent : status_;
}

}  // namespace strata::fhir::service
