"""The service agreement of the demo, in our own words. An installation publishes its own."""

TEXT_EN = """\
1. The service. The platform sends text messages to the recipients you name, through carriers, and tells you for each of them what became of it. It cannot promise that carriers and phones work without faults.

2. Who may use it. Enterprises and other incorporated bodies whose identity has been verified. You do not lend, rent out or resell the service without written consent.

3. What you hand in is true. Names, codes and documents are complete and correct; you tell the platform when something changes by submitting it anew.

4. Consent. You text only people who have agreed to it beforehand and have been told what they will receive, how often, and how to end it. You can prove this consent. Whoever refuses, or does not answer when asked, is not texted.

5. Content. It is lawful, names you as its sender, and is what was reviewed. A review does not take away your responsibility. Promotions say how to unsubscribe; unsubscribing is free and takes effect at once.

6. No junk. You do not send in bulk or again and again what people did not ask for. The platform limits how often a number is texted and may hold back what exceeds the limits.

7. Complaints. You answer those that concern your messages within six hours of being told, in the form the platform asks for.

8. Your security. You keep passwords and application secrets to yourself, and you are answerable for what is sent with them.

9. What happens on a breach. The platform may warn you and set a time to put it right, reduce what you can send, suspend part or all of the service, or end it for good. You are told the reason.

10. Records. The platform keeps numbers, contents, times and results for twelve months, for statistics, bills and complaints, and then deletes them. Records of international messages may be kept and processed outside the Chinese mainland; you have told your recipients so.

11. Idle accounts. Whoever sends nothing for six months may be suspended, and asks for a restart three working days ahead.

12. Changes. A new version of this agreement is announced here. You read and accept it before you send again.
"""
TEXT_ZH = """\
一、服务内容。平台通过运营商向您指定的接收人发送短信，并逐条告知发送结果。平台无法保证运营商网络与手机终端始终无故障。

二、使用资格。仅限通过实名认证的企业及其他具有法人资格的组织。未经书面同意，不得出借、出租或转售本服务。

三、资料真实。您提交的名称、代码和文件完整、真实；如有变更，须重新提交。

四、事先同意。您只向事先同意接收、并已知悉短信内容、频次与退订方式的人发送短信，且能够提供同意的证明。对明确拒绝或询问后未答复的人，不得发送。

五、短信内容。内容合法，标明发送者，并与审核通过的内容一致。审核不免除您的责任。营销短信须写明退订方式；退订免费，并立即生效。

六、禁止垃圾短信。不得批量或反复发送他人未要求的内容。平台限制同一号码的接收频次，超出限制的短信可被拦下。

七、投诉处理。涉及您短信的投诉，自接到通知起六小时内按平台要求的格式答复。

八、自身安全。您妥善保管密码和应用密钥，并对使用它们发送的内容负责。

九、违约处理。平台可警告并限期整改、减少可用资源、暂停部分或全部服务，直至永久终止，并告知原因。

十、记录保存。平台将号码、内容、时间和结果保存十二个月，用于统计、计费和投诉处理，期满删除。国际短信的记录可能在中国内地以外保存和处理，您已告知接收人。

十一、长期不用。六个月没有发送的账户可被暂停；恢复使用须提前三个工作日提出申请。

十二、协议变更。新版本在此公布。再次发送前，您须阅读并接受。
"""
