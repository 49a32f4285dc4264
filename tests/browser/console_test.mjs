// The operator's console in a real browser, against a core that is made up (tests/services/fake_core.h).
// BASE_URL=http://127.0.0.1:8082 node console_test.mjs
// Ends with 0 only if everything passed. SCREENSHOTS=folder keeps a picture of each page.
import { check, checkFocus, follow, heading, inspect, launch, open, openPage, press, Report } from './browser.mjs'

// Loads the page again until it shows `text`, as one does without a script.
async function refreshUntil(page, text) {
  for (let i = 0; i < 20; ++i) {
    if (await page.getByText(text).count() > 0) return
    await follow(page, 'Refresh')
  }
  throw new Error(`no "${text}" after many refreshes`)
}

async function chooseSwap(page, mode) {
  await open(page, '/slots/left')
  await follow(page, 'Swap the plugin')
  await page.getByLabel('strata.hosting.memory 0.1.0').check()
  if (mode) {
    await page.getByText('Mode, isolation and probation').click()
    await page.getByLabel(mode).check()
  }
}

async function endProbation(page) {
  await follow(page, 'End the probation')
  await press(page, 'End the probation')
  await page.getByText('Done').first().waitFor()
}

async function swapAndBack(browser, width) {
  const session = await openPage(browser, { width })
  const { page } = session
  await open(page, '/')
  check(await page.getByText('All 7 slots serve').count() === 1, 'the state is not told')
  await inspect(session, 'stack', width)
  await chooseSwap(page, 'Handover')
  await inspect(session, 'swap', width)
  await press(page, 'Show the plan')
  check(await page.getByText('Check the plan before you go on').count() === 1, 'no plan is shown')
  check(await page.getByText('Requests wait while the stored data changes hands.').isVisible(), 'no warning')
  await inspect(session, 'plan', width)
  await press(page, 'Swap now')
  check((await heading(page)) === 'Swap: left', `the change is called ${await heading(page)}`)
  await inspect(session, 'change-running', width)
  // By itself: nobody loads the page again.
  await page.getByText('On probation until').waitFor()
  await inspect(session, 'change-probation', width)
  await open(page, '/')
  await inspect(session, 'stack-probation', width)
  await follow(page, 'Swap: left')
  await endProbation(page)
  await inspect(session, 'change-done', width)
  await open(page, '/slots/left')
  await inspect(session, 'slot', width)
  await follow(page, 'Roll back')
  await inspect(session, 'rollback', width)
  await press(page, 'Roll back now')
  await page.getByText('On probation until').waitFor()
  await endProbation(page)
  await follow(page, 'Changes')
  check(await page.locator('tbody tr').count() >= 2, 'the history is not complete')
  await inspect(session, 'history', width)
  await session.close()
}

async function move(browser, width) {
  const session = await openPage(browser, { width })
  const { page } = session
  await open(page, '/slots/right/move')
  await page.getByLabel('strata.hosting.sqlite 0.1.0').check()
  await inspect(session, 'move', width)
  await press(page, 'Show the plan')
  await press(page, 'Move now')
  await page.locator('progress').waitFor()
  await inspect(session, 'move-running', width)
  await page.getByText('On probation until').waitFor()
  await endProbation(page)
  await session.close()
}

async function trial(browser, width) {
  const session = await openPage(browser, { width })
  const { page } = session
  await open(page, '/slots/record')
  await follow(page, 'Try another plugin beside it')
  await page.getByLabel('strata.data.fhir 0.1.0').check()
  await inspect(session, 'trial-form', width)
  await press(page, 'Go on')
  await inspect(session, 'trial-plan', width)
  await press(page, 'Start the trial')
  await page.getByText('entries[*].resource.meta.lastUpdated').waitFor()
  await inspect(session, 'trial', width)
  await follow(page, 'End the trial')
  await press(page, 'End the trial')
  await page.getByText('Ended').first().waitFor()
  await follow(page, 'Trials')
  await inspect(session, 'trials', width)
  await session.close()
}

async function otherPages(browser, width) {
  const session = await openPage(browser, { width })
  const { page } = session
  await open(page, '/packages')
  await inspect(session, 'packages', width)
  const missing = await open(page, '/slots/none')
  check(missing.status() === 404, 'a missing slot must answer 404')
  await inspect(session, 'not-found', width)
  await open(page, '/slots/left/swap')
  await press(page, 'Show the plan')
  await checkFocus(page.locator('.nhsuk-error-summary'), 'the error summary does not take the focus')
  await page.locator('.nhsuk-error-summary__list a').first().click()
  await checkFocus(page.locator('input[name=package]').first(),
    'the link of the error does not lead to the choice')
  await inspect(session, 'error', width)
  await page.evaluate(() => { document.querySelector('input[name=token]').value = 'forged' })
  await press(page, 'Show the plan')
  check(await heading(page) === 'This form is no longer valid', 'a forged form is not refused')
  await inspect(session, 'forged', width)
  await session.close()
}

async function live(browser) {
  const session = await openPage(browser, { width: 1280 })
  const { page } = session
  await open(page, '/')
  const link = page.getByRole('link', { name: 'record', exact: true })
  await link.focus()
  const calls = () => page.locator('.console-numbers dd').first().innerText()
  await page.getByText('Live: renewed every second.').waitFor()
  // The page's policy forbids waitForFunction, which evaluates text.
  const changed = async was => {
    for (let i = 0; i < 50 && await calls() === was; ++i) await page.waitForTimeout(100)
    return await calls() !== was
  }
  check(await changed(await calls()), 'the numbers do not change by themselves')
  check(await link.evaluate(one => one === document.activeElement), 'the focus is lost')
  await press(page, 'Pause')
  const paused = await calls()
  await page.waitForTimeout(2500)
  check(await calls() === paused, 'the page goes on while it is paused')
  await press(page, 'Go on')
  check(await changed(paused), 'the page does not go on')
  check(session.problems.length === 0, session.problems.join('\n'))
  await session.close()
}

// Presses Tab until `locator` has the focus, then `key`.
async function tabTo(page, locator, what, key) {
  await locator.first().waitFor()
  for (let i = 0; i < 80; ++i) {
    await page.keyboard.press('Tab')
    if (await locator.first().evaluate(one => one === document.activeElement)) return page.keyboard.press(key)
  }
  throw new Error(`the keyboard does not reach ${what}`)
}

async function keyboardOnly(browser) {
  const session = await openPage(browser, { width: 1280 })
  const { page } = session
  await open(page, '/')
  await tabTo(page, page.locator('.nhsuk-skip-link'), 'the skip link', 'Enter')
  await tabTo(page, page.getByRole('link', { name: 'left', exact: true }), 'the slot', 'Enter')
  await tabTo(page, page.getByRole('link', { name: 'Swap the plugin' }), 'the swap', 'Enter')
  await tabTo(page, page.locator('input[name=package]'), 'the packages', 'Space')
  await page.keyboard.press('ArrowDown')
  await tabTo(page, page.getByRole('button', { name: 'Show the plan' }), 'the plan', 'Enter')
  await tabTo(page, page.getByRole('button', { name: 'Swap now' }), 'the deed', 'Enter')
  await page.getByText('On probation until').waitFor()
  await tabTo(page, page.getByRole('link', { name: 'End the probation' }), 'the end', 'Enter')
  await tabTo(page, page.getByRole('button', { name: 'End the probation' }), 'the end', 'Enter')
  await page.getByText('Done').first().waitFor()
  await session.close()
}

async function withoutScripts(browser) {
  const session = await openPage(browser, { width: 320, javaScriptEnabled: false })
  const { page } = session
  await chooseSwap(page)
  await press(page, 'Show the plan')
  await press(page, 'Swap now')
  await refreshUntil(page, 'On probation until')
  await endProbation(page)
  check(session.problems.length === 0, session.problems.join('\n'))
  await session.close()
}

const report = new Report()
const browser = await launch()
for (const width of [1280, 320]) {
  await report.group(`swap and back at ${width} px`, () => swapAndBack(browser, width))
  await report.group(`move at ${width} px`, () => move(browser, width))
  await report.group(`trial at ${width} px`, () => trial(browser, width))
  await report.group(`lists and errors at ${width} px`, () => otherPages(browser, width))
}
await report.group('live', () => live(browser))
await report.group('keyboard only', () => keyboardOnly(browser))
await report.group('without JavaScript', () => withoutScripts(browser))
await browser.close()
report.end()
