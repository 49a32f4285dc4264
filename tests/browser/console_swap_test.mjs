// The operator's console in a real browser changes a real stack while it serves.
// BASE_URL=http://127.0.0.1:8082 PUBLIC_URL=http://127.0.0.1:8080 node console_swap_test.mjs
// Ends with 0 only if everything passed. SCREENSHOTS=folder keeps a picture of each page.
import { readFileSync } from 'node:fs'
import { base, check, follow, inspect, launch, open, openPage, press, Report } from './browser.mjs'

const publicUrl = process.env.PUBLIC_URL
const stackFile = readFileSync(new URL('../../examples/stacks/memory.yaml', import.meta.url), 'utf8')
const kName = 'Ward 7'

// Asks the public port all the time and counts what goes wrong.
class Visitor {
  asked = 0
  failed = []
  #stop = false
  #done = this.#run()

  async #run() {
    while (!this.#stop) {
      ++this.asked
      try {
        const answer = await fetch(publicUrl)
        if (answer.status !== 200) this.failed.push(`answer ${answer.status}`)
        await answer.text()
      } catch (error) {
        this.failed.push(String(error))
      }
    }
  }

  async end() {
    this.#stop = true
    await this.#done
    check(this.asked > 20, `only ${this.asked} requests in all that time`)
    check(this.failed.length === 0, `${this.failed.length} of ${this.asked} failed: ${this.failed[0]}`)
  }
}

const product = async () => /nhsuk-header__service-name" href="\/">([^<]*)</.exec(await (await fetch(publicUrl)).text())[1]

async function swap(page, slot, settings) {
  await open(page, `/slots/${slot}`)
  await follow(page, 'Swap the plugin')
  await page.locator('label', { hasText: '(runs now)' }).first().click()
  if (settings) await page.getByLabel('New settings').fill(settings)
  await press(page, 'Show the plan')
}

async function endProbation(page) {
  await page.getByText('On probation until').waitFor()
  await follow(page, 'End the probation')
  await press(page, 'End the probation')
  await page.getByText('Done').first().waitFor()
}

async function newSettingsAndBack(browser) {
  const session = await openPage(browser, { width: 1280 })
  const { page } = session
  const visitor = new Visitor()
  await open(page, '/')
  await inspect(session, 'real-stack', 1280)
  const before = await product()
  await swap(page, 'viewer', JSON.stringify({ product: kName }))
  check(await page.getByText('Settings that differ: product.').isVisible(), 'the plan does not name the setting')
  check(await product() === before, 'a plan changes the stack')
  await inspect(session, 'real-plan', 1280)
  await press(page, 'Swap now')
  await page.getByText('On probation until').waitFor()
  check(await product() === kName, `the public pages are of "${await product()}"`)
  await inspect(session, 'real-change', 1280)
  await endProbation(page)
  await open(page, '/slots/viewer')
  await follow(page, 'Roll back')
  await press(page, 'Roll back now')
  await page.getByText('Done').first().waitFor()
  check(await product() === before, `after the rollback the pages are of "${await product()}"`)
  await visitor.end()
  await follow(page, 'Changes')
  check(await page.locator('tbody tr').count() === 2, 'the history does not have both changes')
  await inspect(session, 'real-history', 1280)
  await session.close()
}

// A stack file: its difference is shown, then the stack is as it says.
async function aStackFile(browser) {
  const session = await openPage(browser, { width: 320 })
  const { page } = session
  const visitor = new Visitor()
  await open(page, '/')
  await follow(page, 'Apply a stack file')
  await inspect(session, 'real-apply', 320)
  await press(page, 'Show the difference')
  check(await page.getByText('Paste the stack file').first().isVisible(), 'an empty form is taken')
  await page.getByLabel('The stack file').fill(stackFile.replace('requires: {record: record}}\n  console',
    `requires: {record: record}, config: {product: ${kName}}}\n  console`))
  await press(page, 'Show the difference')
  check(await page.getByText('Settings that differ: product.').isVisible(), 'the difference does not name the setting')
  check(await product() !== kName, 'a difference changes the stack')
  await inspect(session, 'real-difference', 320)
  await press(page, 'Apply now')
  await endProbation(page)
  check(await product() === kName, `the public pages are of "${await product()}"`)
  await visitor.end()
  await session.close()
}

// The console is a plugin too: its page goes on while what answers it is replaced.
async function theConsoleItself(browser) {
  const session = await openPage(browser, { width: 320 })
  const { page } = session
  const visitor = new Visitor()
  await swap(page, 'console')
  await press(page, 'Swap now')
  await endProbationWithRetry(page)
  await visitor.end()
  await open(page, '/')
  await inspect(session, 'real-stack', 320)
  await session.close()
}

// Forms of the old console are not those of the new one: it says so, and the page is loaded again.
async function endProbationWithRetry(page) {
  await page.getByText('On probation until').waitFor()
  await page.reload()
  await endProbation(page)
}

async function refusals(browser) {
  const session = await openPage(browser, { width: 1280 })
  const { page } = session
  await open(page, '/slots/hosting/swap')
  await page.getByText('It is not in the list').click()
  await page.getByLabel('Folder of another package').fill('no_such_package')
  await press(page, 'Show the plan')
  check(await page.getByText('The core refuses this').isVisible(), 'a refusal of the core is not shown')
  await inspect(session, 'real-refusal', 1280)
  for (const path of ['/', '/slots/viewer', '/assets/console.js']) {
    const answer = await fetch(new URL(path, publicUrl))
    check(!(await answer.text()).includes('Strata console'), `the public port serves ${path} of the console`)
  }
  const foreign = await fetch(new URL('/fhir/Patient', base))
  check(foreign.status === 404, `the operators' port serves records: ${foreign.status}`)
  await session.close()
}

const report = new Report()
const browser = await launch()
await report.group('new settings and back, nobody notices', () => newSettingsAndBack(browser))
await report.group('a stack file', () => aStackFile(browser))
await report.group('the console itself', () => theConsoleItself(browser))
await report.group('refusals, and each port its own pages', () => refusals(browser))
await browser.close()
report.end()
